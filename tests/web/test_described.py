"""Whatever is sent to it, the API answers as it describes itself, and never with a fault of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tidings.access.scope import ALL
from tidings.app.serve import Served, served
from tidings.app.settings import load
from tidings.core.vault import new_key

ASHA = "+910000000001"
# It takes any method, also those that it does not name.
_ANY_METHOD = "^catch"
# What belongs to a group, and what can be found by an id: without the real one each call would end at the first look.
_BY_ID = "^/v1/(groups/.*[{]|bot|actionPackages|webhook/)"
_QUESTIONS = [
    {"title": "Why?", "type": "Text"},
    {"title": "Which?", "type": "SingleOption", "options": [{"title": "This"}]},
    {"title": "Seen", "type": "AttachmentList"},
]
# What is not asked: that everything which fits a schema is accepted (a group must also exist), and that an empty
# `accessToken` spoils a valid Bearer token.
_LEFT_OUT = "positive_data_acceptance,ignored_auth"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    settings = load(
        {},
        folder=tmp_path,
        database=f"sqlite:{tmp_path / 'tidings.db'}",
        port="0",
        secret_key=new_key(),
        # Invented callback URLs are refused before anybody looks for the names in them.
        egress_proxy="http://127.0.0.1:9",
        handshake="never",
    )
    async with served(settings) as server:
        # Or the calls that wait for a request in a bin would wait half a minute each.
        server.parts.inspector.close()
        await server.parts.access.create_person(ASHA, name="Asha", actor="test")
        await server.parts.access.create_connector("schemathesis", identifier="asking", actor="test", scopes=ALL)
        yield server


async def asked(server: Served, *more: str, key: str, folder: Path) -> tuple[int, str]:
    """What schemathesis finds: its exit code and its last words."""
    command: tuple[str | Path, ...] = (
        Path(sys.executable).with_name("schemathesis"),
        "run",
        f"{server.url}openapi.json",
        "--header",
        f"Authorization: Bearer {key}",
        "--phases=coverage,fuzzing",
        "--max-examples=5",
        "--seed=1",
        f"--exclude-checks={_LEFT_OUT}",
        "--suppress-health-check=all",
        "--no-color",
        *more,
    )
    return await asyncio.to_thread(_ran, command, folder)


def _ran(command: Sequence[str | Path], folder: Path) -> tuple[int, str]:
    # Measuring coverage would double its time, and it is not ours.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COV")} | {"HOME": str(folder)}
    pipe, both = subprocess.PIPE, subprocess.STDOUT
    done = subprocess.run(command, cwd=folder, env=environ, stdout=pipe, stderr=both, text=True, check=False)
    return done.returncode, done.stdout[-8_000:]


@pytest.mark.timeout(900)  # Every route is called with what it does not expect; a busy machine takes minutes.
async def test_every_answer_is_as_openapi_says(server: Served, tmp_path: Path) -> None:
    key = await server.parts.access.create_key("asking", actor="test", scopes=ALL)

    code, said = await asked(server, f"--exclude-operation-id-regex={_ANY_METHOD}", key=key, folder=tmp_path)

    assert code == 0, said


async def test_every_answer_about_what_is_there_is_as_openapi_says(server: Served, tmp_path: Path) -> None:
    key = await server.parts.access.create_key("asking", actor="test", phone=ASHA, scopes=ALL)
    ids = await furnished(server, key=key)
    lines = "".join(f'"path.{name}" = "{value}"\n' for name, value in ids.items())
    (tmp_path / "schemathesis.toml").write_text(f"[parameters]\n{lines}")

    # What is there stays there.
    code, said = await asked(
        server, f"--include-path-regex={_BY_ID}", "--exclude-method=DELETE", key=key, folder=tmp_path
    )

    assert code == 0, said


async def furnished(server: Served, *, key: str) -> dict[str, str]:
    """One thing of each kind; their ids, by the names that paths have for them."""
    async with httpx.AsyncClient(base_url=server.url, headers={"accessToken": key}) as http:

        async def made(path: str, **body: Any) -> Any:  # noqa: ANN401 - any JSON
            answer = await http.post(path, json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        group = (await made("/v1/groups", name="Town", groupType="ConnectGroup"))["groupId"]
        form = {"title": "Form", "questions": _QUESTIONS}
        action = await made(f"/v1/groups/{group}/actions", id="com.example.form", actionBody=form)
        webhook = await made(
            "/v1/webhook",
            objectId=group,
            objectType="Group",
            eventTypes=["MemberAdded"],
            callBackUrl=f"{server.url}bin/asked",
        )
        return {
            "groupId": group,
            "subGroupId": (await made(f"/v1/groups/{group}/subGroups", name="Quarter"))["groupId"],
            "memberId": (await http.get("/v1/users/me")).json()["id"],
            "actionId": action["actionId"],
            "referenceId": action["referenceId"],
            "packageId": "com.example.form",
            "botId": (await made("/v1/bot", Name="Clerk"))["BotUserId"],
            "webhookId": webhook["webhookId"],
        }
