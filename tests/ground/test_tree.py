"""What the tree holds: short modules, short functions, and nothing of the machine that it was written on."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE_LINES = 400
FUNCTION_LINES = 40

# Written in pieces, so that this file does not name what it looks for.
FORBIDDEN = {
    "a machine's path": re.compile(r"(?<![\w.~$})-])/(?:home|root|Users|work|tmp|mnt)/\w"),
    "an index host": re.compile(r"\b(?:pypi\.(?:org|python\.org)/simple|files\.pythonhosted\.org)|/simple[/]"),
    "an index option": re.compile(r"--(?:extra-)?index-(?:url|strategy)|--find[-]links|--trusted[-]host"),
    "an index setting": re.compile(r"(?i)\b(?:index[_-]url|registry)\s*=\s*[\"'{]|\"resolved\":\s*\"http"),
}
HIDDEN = {".ci", ".gitignore"}


def files() -> Iterator[Path]:
    """Everything that git keeps, or would keep if it were added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return (path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def modules() -> Iterator[Path]:
    return (path for path in files() if path.suffix == ".py")


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""


def test_no_module_exceeds_400_lines() -> None:
    long = {str(path.relative_to(ROOT)): count for path in modules() if (count := len(lines(path))) > MODULE_LINES}

    assert not long


def test_no_function_exceeds_40_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > FUNCTION_LINES
    ]

    assert not long


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files()
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if FORBIDDEN[what].search(line)
    ]

    assert not found


def test_the_only_hidden_things_in_the_tree_are_our_own() -> None:
    hidden = {path.relative_to(ROOT).parts[0] for path in files()}

    assert {name for name in hidden if name.startswith(".")} <= HIDDEN
