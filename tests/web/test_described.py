"""Whatever is sent to it, the API answers as it describes itself, and never with a fault of its own."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tidings.access.scope import ALL
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.vault import new_key

# It takes any method, also those that it does not name.
_ANY_METHOD = "^/bin/"
# What is not asked: that everything which fits a schema is accepted (a group must also exist), and that an empty
# `accessToken` spoils a valid Bearer token.
_LEFT_OUT = "positive_data_acceptance,ignored_auth"


@pytest.mark.timeout(180)
async def test_every_answer_is_as_openapi_says(tmp_path: Path) -> None:
    settings = load({}, folder=tmp_path, database=f"sqlite:{tmp_path / 'tidings.db'}", port="0", secret_key=new_key())
    async with served(settings) as server:
        # Or the calls that wait for a request in a bin would wait half a minute each.
        server.parts.inspector.close()
        connector = await server.parts.access.create_connector("schemathesis", actor="test", scopes=ALL)
        key = await server.parts.access.create_key(connector.id, actor="test", scopes=ALL)
        asking = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{server.url}openapi.json",
            "--header",
            f"Authorization: Bearer {key}",
            "--phases=coverage,fuzzing",
            "--max-examples=10",
            "--seed=1",
            f"--exclude-path-regex={_ANY_METHOD}",
            f"--exclude-checks={_LEFT_OUT}",
            "--suppress-health-check=all",
            "--no-color",
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asking.communicate()

    assert asking.returncode == 0, said.decode()[-8_000:]
