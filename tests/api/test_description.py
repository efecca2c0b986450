"""The interface does what its description says, for whoever calls: no failure, no status that it does not name."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from tests.api.conftest import Agencies


def description() -> dict:
    from django.test import Client

    answer = Client(SERVER_NAME="127.0.0.1").get("/api/v1/openapi.json")
    assert answer.status_code == 200
    told: dict = json.loads(answer.content)
    return told


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["nobody", "program", "signer", "other"])
def test_an_answer_that_the_description_does_not_name(agencies: Agencies, role: str, monkeypatch):
    """Valid and invalid calls of every operation, made from the description."""
    from counterseal.flow import caller

    monkeypatch.setattr(caller, "CALLS_A_MINUTE", 1_000_000)
    schema = schemathesis.openapi.from_dict(description())
    agencies.ice.send(agencies.request)
    client = agencies.other if role == "other" else agencies.ice
    client.name = "secretary" if role == "signer" else "client"
    seen: set[tuple[str, int]] = set()
    for found in schema.get_all_operations():
        seen |= called(client, role, found.ok())
    assert len({label for label, _ in seen}) == 21
    if role == "program":
        assert {200, 401} - {status for _, status in seen} <= {401}


def called(client, role: str, operation) -> set[tuple[str, int]]:
    """Make calls of one operation, half of them against its description; give the statuses seen."""
    documented = {int(status) for status in operation.definition.raw["responses"]}
    seen: set[tuple[str, int]] = set()
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)

    @settings(max_examples=15, phases=[Phase.generate], database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes)))
    def call(case):
        status = ask(client, case, None if role == "nobody" else client.token())
        assert status in documented | {404, 405}, (operation.label, status)
        assert status != 405 or case.method.upper() not in {"GET", "POST", "PATCH"}
        to_anybody = operation.path.endswith(("/about", "/custodian.vkey"))
        assert role not in {"nobody", "signer"} or status in {401, 404} or to_anybody
        seen.add((operation.label, status))

    call()
    return seen


def ask(client, case, token: str | None) -> int:
    from urllib.parse import quote

    from django.test import Client

    path = case.operation.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace("{" + name + "}", quote(str(value), safe=""))
    headers = {str(k): str(v).encode("latin-1", "replace").decode("latin-1") for k, v in (case.headers or {}).items()}
    headers.pop("Authorization", None)
    if token:
        headers["Authorization"] = f"Bearer {token}"
        headers.setdefault("Idempotency-Key", uuid.uuid4().hex)
    body = case.body
    if not isinstance(body, bytes | bytearray):
        body = b"" if type(body).__name__ == "NotSet" else json.dumps(body, default=str).encode("utf-8", "replace")
    kind = "application/octet-stream" if path.endswith("/rows") else "application/json"
    answer = Client(SERVER_NAME="127.0.0.1").generic(
        case.method.upper(), path, bytes(body), content_type=kind, headers=headers
    )
    if answer.status_code >= 400 and answer.status_code != 405 and answer["Content-Type"].startswith("application"):
        assert answer["Content-Type"] == "application/problem+json"
        assert set(json.loads(answer.content)) == {"type", "title", "status", "code", "where", "next_step", "errors"}
    assert answer.status_code < 500, (path, answer.content)
    return answer.status_code
