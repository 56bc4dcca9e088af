"""The stages of a profile."""

import re
from pathlib import Path

import pytest

from tools.stages import REST, STAGES, stage_of

SOURCES = Path(__file__).parents[2] / "src" / "tidings"
# That one is uvicorn's.
OURS = [marks for marks in STAGES.values() if "RequestResponseCycle.run_asgi" not in marks]


@pytest.mark.parametrize("marks", OURS)
def test_a_stage_is_known_by_what_is_there(marks: tuple[str, ...]) -> None:
    assert any(is_there(mark) for mark in marks)


def is_there(mark: str) -> bool:
    if "/" in mark:
        path = SOURCES / mark.removeprefix("tidings/")
        return path.exists() or path.with_suffix(".py").exists()
    owner, _, method = mark.rpartition(".")
    found = re.compile(rf"^class {owner}\b.*?^    (?:async )?def {method}\b", re.MULTILINE | re.DOTALL)
    return any(found.search(path.read_text()) for path in SOURCES.rglob("*.py"))


@pytest.mark.parametrize(
    ("stack", "stage"),
    [
        ("main (tidings/cli/main.py:70);_run (asyncio/runners.py:118)", REST),
        ("Courier._deliver (tidings/outbox/courier.py:3);Signer.sign (tidings/core/signature.py:9)", "sign"),
        ("Publisher._keep (tidings/outbox/publisher.py:3);keep (apsw.py:1)", "queue, hand over"),
        ("serve (tidings/cli/serve.py:65);_ground (tidings/app/compose.py:116)", None),
        ("<module> (tidings/store/open.py:3);_find_and_load (<frozen importlib._bootstrap>:1176)", None),
    ],
)
def test_a_sample_belongs_to_the_innermost_stage_and_a_start_to_none(stack: str, stage: str | None) -> None:
    assert stage_of(stack) == stage
