"""What the build says: each dependency and exception has its reason, and the lock is complete and names no host."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "pyproject.toml").read_text()
PROJECT: dict[str, Any] = tomllib.loads(TEXT)
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def requirements() -> Iterator[str]:
    yield from PROJECT["build-system"]["requires"]
    yield from PROJECT["project"]["dependencies"]
    for extra in PROJECT["project"]["optional-dependencies"].values():
        yield from extra
    for group in PROJECT["dependency-groups"].values():
        yield from group


def exceptions() -> Iterator[str]:
    yield from PROJECT["tool"]["ruff"]["lint"]["ignore"]
    for rules in PROJECT["tool"]["ruff"]["lint"]["per-file-ignores"].values():
        yield from rules


def name_of(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.mark.parametrize("item", sorted({*requirements(), *exceptions()}))
def test_each_dependency_and_each_exception_has_a_reason_beside_it(item: str) -> None:
    places = [line for line in TEXT.splitlines() if f'"{item}"' in line]

    assert places
    assert all(re.search(r"#\s+\w", line) for line in places)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_every_package_with_hashes_and_names_no_host(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^(\S+)==\S+(?: ; .*)? \\\n    --hash=sha256:", text, re.MULTILINE)
    packages = re.findall(r"^[^\s#].*", text, re.MULTILINE)

    assert pins
    assert len(pins) == len(packages)
    assert "://" not in text


def test_what_is_locked_is_what_is_asked_for() -> None:
    locked = {name for lock in LOCKS for name in re.findall(r"^([\w.-]+)==", lock.read_text(), re.MULTILINE)}

    assert {name_of(requirement) for requirement in requirements()} <= locked


def test_both_locks_pin_the_same_versions() -> None:
    run, dev = (
        set(re.findall(r"^\S+==\S+", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE))
        for name in ("run", "dev")
    )

    assert run <= dev
