"""In CI nothing is skipped in silence."""

from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SKIPPED = "import pytest\n\ndef test_one() -> None:\n    pytest.skip('no such program')\n"


@pytest.mark.parametrize(("ci", "ends"), [("true", pytest.ExitCode.TESTS_FAILED), ("", pytest.ExitCode.OK)])
def test_a_skipped_test_fails_the_run_in_ci_only(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *, ci: str, ends: pytest.ExitCode
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makepyfile(SKIPPED)

    run = pytester.runpytest_subprocess("-n", "1")

    assert run.ret == ends
