from pathlib import Path

import pytest

from daogou.models import prepare_image_graph


@pytest.fixture(scope="session")
def image_graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graph of the image encoder, made once: it takes some 15 seconds."""
    return prepare_image_graph(tmp_path_factory.mktemp("image-graph"))
