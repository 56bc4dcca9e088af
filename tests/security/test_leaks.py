"""A secret that is logged fails the test in which it was, and is not repeated by the failure."""

from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.security.asking import ask
from tidings.core.caller import Caller
from tidings.core.errors import InvalidToken
from tidings.web.door import Door
from tidings.web.login import Login
from tidings.web.page import Page

ROOT = Path(__file__).parents[2]
CONFTEST = """
from tests.security.leaks import Leaks

def pytest_configure(config):
    config.pluginmanager.register(Leaks())
"""
# Put together when it runs, so that what is looked for stands nowhere else in what pytest prints.
TESTS = """
import logging, subprocess, sys
from tidings.core.secret import Secret

log = logging.getLogger("tidings.shop")
KEY, RANDOM = "tdk" + "_" + "a1" * 20, "correct horse " + "battery"

def test_token():
    log.info("asked by %s", KEY)

def test_exception():
    try:
        raise ValueError(f"no such key: {KEY}")
    except ValueError:
        log.exception("failed")

def test_registered():
    Secret(RANDOM)
    log.warning("secret=%s", RANDOM)

def test_url():
    log.warning("connected to postgresql://me:%s@127.0.0.1/db", "pass" + "word")

def test_process():
    program = f"import sys; print('PIN: ' + str(12345 * 10), file=sys.stderr)"
    subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

def test_file(tmp_path):
    (tmp_path / "serve-1.log").write_text("Authorization: Bearer " + "x1" * 20)

def test_clean():
    log.warning("delivery.attempted url=https://example.com/a token=*** %s", Secret(RANDOM))
"""


def test_what_leaks_fails_the_test_in_which_it_does(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)

    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--show-capture=no", "--tb=short")

    done.assert_outcomes(passed=7, errors=6)
    told = done.stdout.str()
    assert told.count("\na secret stands in what was written by the logger tidings.shop;") == 3
    assert "by the logger tidings.shop, in an exception;" in told
    assert "by a process, on its standard error;" in told
    assert "by a process, into its file serve-1.log;" in told
    assert "a1a1" not in told
    assert "horse battery" not in told


async def test_a_fault_of_ours_is_logged_without_the_address_that_was_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(request: Request) -> Response:
        raise ZeroDivisionError(request.url.scheme)

    async def nobody(token: str) -> Caller:
        raise InvalidToken(token)

    page = Page(path="/files/{secret}/{rest:path}", name="file", summary="A file", endpoint=fail)
    door = Door(routes=(), pages=[page], login=Login(known=lambda _: None, authenticate=nobody))

    answer = await ask(door, "GET", "/files/sesame%2Fopen/plan.png")

    assert answer.status == 500
    assert "request=GET /files/{secret}/{rest:path}" in caplog.text
    assert "sesame" not in caplog.text
