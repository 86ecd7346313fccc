"""Every request that the READMEs show is one that the API takes."""

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
CURL = re.compile(r"^curl localhost:8000(\S+) .*?-d '(.*?)'$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_what_is_shown_is_accepted(client: TestClient, name: str) -> None:
    shown = CURL.findall((ROOT / name).read_text(encoding="utf-8"))
    assert [path for path, _ in shown] == ["/v1/events", "/v1/recommend"]
    for path, body in shown:
        answer = client.post(path, json=json.loads(body))
        assert answer.is_success, answer.text
    assert answer.json()["results"]
