"""The planted shop of the server's tests, for benchmarks that want a real one."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the planted shop; who changes it takes a copy."""
    home = tmp_path_factory.mktemp("planted")
    script = Path(__file__).parents[1] / "server" / "plant.py"
    subprocess.run([sys.executable, script, home], check=True)
    return home
