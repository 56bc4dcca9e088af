"""One select: the SQL of a template's author, taken apart far enough to see that it is one SELECT, and what it names.

What keeps it from writing, and from reading what is not its own, is the engine (see `read_only`). This here says early
and in a sentence what the engine would refuse, and refuses what only keeps others waiting: locks, sleep and the like.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tidings.core.errors import Invalid

_LONGEST = 50_000
MYSQL = frozenset({"mysql", "mariadb"})
KNOWN = frozenset({"sqlite", "postgresql"}) | MYSQL

# Letter by letter as the engines read them: a text that they took for names could hide what is refused. What they take
# for a comment and we do not would, too; what we take for one they never see.
_TOKENS = r"""
    (?P<space>[ \t\r\n]+)
  | (?P<comment>{comment} | /\*.*?\*/)
  | (?P<text>{text} | '(?:[^']|'')*')
  | (?P<quoted>{quoted} | "(?:[^"]|"")*")
  | (?P<cast>::)
  | (?P<parameter>:[A-Za-z_][A-Za-z0-9_]*)
  | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
  | (?P<number>[0-9]+)
  | (?P<other>[^'"])
"""
_DOLLARS = r"\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?)\$.*?\$(?P=tag)\$"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NEVER = r"(?!)"


def _scanner(*, comment: str = r"--[^\n]*", text: str = _NEVER, quoted: str = _NEVER) -> re.Pattern[str]:
    return re.compile(_TOKENS.format(comment=comment, text=text, quoted=quoted), re.DOTALL | re.VERBOSE)


# MariaDB takes two hyphens for a comment only before white space. It is told to take a backslash for what it is.
_MYSQL_SCANNER = _scanner(comment=r"--(?=[ \t\r\n]|\Z)[^\n]* | \#[^\n]*", quoted="`(?:[^`]|``)*`")
_SCANNERS = {
    "postgresql": _scanner(text=rf"[eE]'(?:[^'\\]|''|\\.)*' | {_DOLLARS}"),
    "sqlite": _scanner(quoted=r"`(?:[^`]|``)*` | \[[^\]]*\]"),
    "mysql": _MYSQL_SCANNER,
    "mariadb": _MYSQL_SCANNER,
}
_OTHERS = _scanner(quoted=r"\[[^\]]*\]")

# What writes as part of a SELECT; on engines of which we cannot ask that they only read, what writes at all.
_WRITES = frozenset({"into"})
_WRITES_ELSEWHERE = _WRITES | {"insert", "update", "delete", "merge", "call", "exec", "execute", "replace"}
# Others would wait for the rows; and sequences go on.
_LOCKS = frozenset(
    {("for", "update"), ("for", "share"), ("lock", "in"), ("for", "no"), ("for", "key"), ("next", "value")}
)
_REFUSED = {
    # Their files, locks, other sessions and settings; and what runs SQL that is written in a text.
    "postgresql": re.compile(
        r"(pg|lo|dblink)_\w* | dblink | set_config | nextval | setval | \w*_to_xml\w* | ts_stat | ts_rewrite"
        r" | crosstab\w* | connectby | inet_(client|server)_\w+",
        re.VERBOSE,
    ),
    "sqlite": re.compile(r"load_extension"),
}
_REFUSED |= dict.fromkeys(
    MYSQL,
    re.compile(
        r"sleep | benchmark | load_file | get_lock | release_lock | release_all_locks | is_\w+_lock | \w+_pos_wait"
        r" | \w+_gtid_wait | wait_\w+ | sys_e(xec|val) | nextval | lastval | setval",
        re.VERBOSE,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSelect:
    r"""`text` is without comments, and has `\:` for every colon that begins no parameter.

    `is_ordered`: it says in which order, and not how many rows.
    """

    text: str
    parameters: frozenset[str]
    is_ordered: bool


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def name(self) -> str:
        """What it names, small; empty for what is no name."""
        if self.kind == "quoted":
            return self.text[1:-1].lower()
        return self.text.lower() if self.kind == "word" else ""


def one_select(sql: str, *, kind: str, databases: Collection[str] = ()) -> OneSelect:
    """Raises Invalid for what is not one SELECT, or names one of these databases in front of a table."""
    if len(sql) > _LONGEST or _CONTROLS.search(sql):
        raise Invalid(f"has more than {_LONGEST} characters, or one that nobody can see")
    tokens = [one for one in _tokens(sql, kind=kind) if one.kind != "comment"]
    solid = [one for one in tokens if one.kind != "space"]
    while solid and solid[-1].text == ";":
        solid.pop()
        tokens = tokens[: len(tokens) - tokens[::-1].index(_Token("other", ";")) - 1]
    _check(solid, kind=kind, databases=databases)
    return OneSelect(
        text="".join(map(_as_bound, tokens)).strip(),
        parameters=frozenset(one.text[1:] for one in solid if one.kind == "parameter"),
        is_ordered=_is_ordered(solid),
    )


def _tokens(sql: str, *, kind: str) -> Iterator[_Token]:
    scanner, at = _SCANNERS.get(kind, _OTHERS), 0
    while at < len(sql):
        found = scanner.match(sql, at)
        if found is None or (found[0] == "/" and sql.startswith("/*", at)):
            raise Invalid(f"has a quote or a comment without an end: {sql[at : at + 40]!r}")
        # A comment parts words.
        yield _Token("space", " ") if found["comment"] else _Token(str(_group(found)), found[0])
        at = found.end()


def _as_bound(token: _Token) -> str:
    return f" {token.text}" if token.kind == "parameter" else token.text.replace(":", r"\:")


def _group(found: re.Match[str]) -> str:
    names = ("space", "text", "quoted", "cast", "parameter", "word", "number", "other")
    return next(name for name in names if found[name])


def _check(tokens: list[_Token], *, kind: str, databases: Collection[str]) -> None:
    first = next((one.name for one in tokens if one.text != "("), "")
    if first not in {"select", "with"}:
        raise Invalid("must be one SELECT, or WITH … SELECT")
    refused = _REFUSED.get(kind)
    writes = _WRITES if kind in KNOWN else _WRITES_ELSEWHERE
    for token, after in zip(tokens, [*tokens[1:], _Token("other", "")], strict=True):
        if token.text == ";":
            raise Invalid("must be one statement; leave out the semicolon, and what comes behind it")
        if token.kind == "word" and token.name in writes:
            raise Invalid(f"may only read; leave out {token.text.upper()}")
        if (token.name, after.name) in _LOCKS:
            raise Invalid(f"may only read; leave out {token.text.upper()} {after.text.upper()}")
        if token.name and refused is not None and refused.fullmatch(token.name):
            raise Invalid(f"may not name {token.text}; only the data are for reports")
        if token.text.lower() == "u" and after.text == "&":
            raise Invalid("may not have names or texts that begin with U&; write the characters themselves")
        if token.name and after.text == "." and token.name in databases:
            raise Invalid(f"may not name the database {token.text}; only the one of the tables is for reports")


def _is_ordered(tokens: list[_Token]) -> bool:
    depth, is_ordered = 0, False
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and token.kind == "word":
            is_ordered = token.name == "order" or (is_ordered and token.name not in {"limit", "fetch", "union"})
    return is_ordered
