"""Every request that the READMEs show is one that the API takes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
CURL = re.compile(r"^curl localhost:8000(\S+) .*?-d '(.*?)'$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_what_is_shown_is_accepted(client: TestClient, name: str) -> None:
    shown = CURL.findall((ROOT / name).read_text(encoding="utf-8"))
    assert [path for path, _ in shown] == [
        "/v1/events",
        "/v1/recommend",
        "/v1/conversations",
        "/v1/conversations/CONVERSATION_ID/messages",
    ]
    told: list[dict[str, Any]] = []
    for path, body in shown:
        talk = told[-1].get("conversationId", "") if told else ""
        answer = client.post(path.replace("CONVERSATION_ID", talk), json=json.loads(body))
        assert answer.is_success, answer.text
        told.append(answer.json())
    assert told[1]["results"]
    assert told[3]["turnId"] == 2
    assert told[3]["products"][0]["id"] == "oat-milk"
