"""In CI nothing is skipped in silence."""

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
ROOT = CONFTEST.parents[1]
SKIPPED = "import pytest\n\ndef test_one() -> None:\n    pytest.skip('no such program')\n"


def test_a_skipped_test_fails_the_run_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makepyfile(SKIPPED)

    run = pytester.runpytest_subprocess("-n", "1")

    assert run.ret == pytest.ExitCode.TESTS_FAILED
    run.assert_outcomes(skipped=1)
