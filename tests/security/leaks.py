"""Leaks: secrets in what is logged, by any logger of the run and by the processes that tests start.

Seen are: what looks like one of our tokens, signing secrets and links; passwords in URLs and Authorization; and
whatever text of 12 or more characters a `Secret` was made of in this process.
"""

import contextlib
import logging
import re
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tidings.core.secret import Secret

_LOOKS = re.compile(
    r"\btd[arkbp]_[\w-]{20}"  # tokens and keys of programs and bins
    r"|\bwhs[ek]c?_[A-Za-z0-9+/]{16}"  # signing secrets, shared and private
    r"|\b(?:bearer|basic)\s+[\w+/=.-]{12}"  # Authorization
    r"|://[^/\s:@'\"]*:(?!\*\*\*)[^/\s@'\"]+@"  # a password in a URL
    r"|\b(?:portal#|console/first/)[\w-]{16}"  # links that sign people in
    r"|[?&]signature=[\w%-]{16}"  # addresses of documents
    r"|\bpin\W{1,3}\d{6}\b",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"^[\w+.-]+://[^/:@]*:(?P<password>[^/@]+)@")
# Shorter ones are words of tests, which stand in logs for themselves.
_SHORTEST = 12
# What is checked against each record; older secrets are of tests that have ended.
_MOST = 500


class Leaks:
    """A plugin of pytest: a test in which something leaks fails, whatever else it shows."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}
        self._found: list[str] = []
        self._undo = contextlib.ExitStack()

    def is_secret(self, text: str) -> bool:
        return _LOOKS.search(text) is not None or any(secret in text for secret in self._secrets)

    def look(self, text: str, *, where: str) -> None:
        """Remember where a secret stands, never what it is."""
        if text and self.is_secret(text):
            self._found.append(where)

    # What pytest calls

    @pytest.hookimpl
    def pytest_configure(self) -> None:
        self._watch_loggers()
        self._watch_secrets()
        self._watch_processes()

    @pytest.hookimpl
    def pytest_unconfigure(self) -> None:
        self._undo.close()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        del request
        made = yield
        if fixturedef.argname == "tmp_path":
            # Called when all that stands on the folder is gone, and before the folder is.
            fixturedef.addfinalizer(lambda: self._look_into(made))
        return made

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        yield
        found, self._found = sorted(set(self._found)), []
        if found:
            pytest.fail(f"a secret stands in what was written by {', '.join(found)}; log something else", pytrace=False)

    # Where is looked

    def _watch_loggers(self) -> None:
        make, ours = logging.getLogRecordFactory(), logging.getLogger("tidings")
        # What a server writes unasked.
        self._undo.callback(ours.setLevel, ours.level)
        ours.setLevel(logging.INFO)

        def made(*args: Any, **more: Any) -> logging.LogRecord:  # noqa: ANN401 - as the factory is called
            record = make(*args, **more)
            # Whoever logs what cannot be put together is told so when it is written.
            with contextlib.suppress(TypeError, ValueError):
                self.look(record.getMessage(), where=f"the logger {record.name}")
            if record.exc_info and record.exc_info[1] is not None:
                self.look(str(record.exc_info[1]), where=f"the logger {record.name}, in an exception")
            return record

        logging.setLogRecordFactory(made)
        self._undo.callback(logging.setLogRecordFactory, make)

    def _watch_secrets(self) -> None:
        begin, noted = Secret.__init__, self._note

        def init(secret: Secret, text: str) -> None:
            begin(secret, text)
            noted(text)

        Secret.__init__ = init  # type: ignore[assignment, method-assign]  # nothing else sees all of them
        self._undo.callback(setattr, Secret, "__init__", begin)

    def _watch_processes(self) -> None:
        communicate, look = subprocess.Popen.communicate, self.look

        def heard(process: "subprocess.Popen[Any]", *args: Any, **more: Any) -> tuple[Any, Any]:  # noqa: ANN401 - as there
            said, complained = communicate(process, *args, **more)
            text = complained.decode("utf-8", "replace") if isinstance(complained, bytes) else complained
            look(text or "", where="a process, on its standard error")
            return said, complained

        subprocess.Popen.communicate = heard  # type: ignore[assignment, method-assign]  # as above
        self._undo.callback(setattr, subprocess.Popen, "communicate", communicate)

    def _note(self, text: str) -> None:
        url = _PASSWORD.match(text)
        hidden = url["password"] if url else "" if ":" in text[:12] else text
        if len(hidden) >= _SHORTEST:
            self._secrets[hidden] = None
            if len(self._secrets) > _MOST:
                del self._secrets[next(iter(self._secrets))]

    def _look_into(self, folder: Path) -> None:
        for path in _logs(folder):
            with contextlib.suppress(OSError):
                self.look(path.read_text(errors="replace"), where=f"a process, into its file {path.name}")


def _logs(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for pattern in ("*.log", "log", "*/*.log"):
            yield from folder.glob(pattern)
