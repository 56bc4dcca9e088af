"""A process does what its roles say, and nothing else."""

from pathlib import Path

import httpx
import pytest

from tidings.app.serve import served
from tidings.app.settings import load


@pytest.mark.parametrize(
    ("roles", "has_api", "catches"),
    [("all", True, True), ("api", True, False), ("receive", False, True), ("deliver,api", True, False)],
)
async def test_only_what_the_roles_name_is_served(tmp_path: Path, *, roles: str, has_api: bool, catches: bool) -> None:
    settings = load({}, folder=tmp_path, database=f"sqlite:{tmp_path / 'tidings.db'}", port="0", roles=roles)
    async with served(settings) as serving, httpx.AsyncClient(base_url=serving.url) as http:
        published = await http.post("/v1/events", json={})
        listed = await http.get("/v1/groups")
        caught = await http.post("/bin/nothing")
        alive = await http.get("/healthz")

    # Without a token the API refuses; what is not served is not there.
    expected = 401 if has_api else 404
    assert (published.status_code, listed.status_code, alive.status_code) == (expected, expected, 200)
    assert caught.status_code == 404
    assert ("there is no bin" in caught.json()["message"]) is catches
