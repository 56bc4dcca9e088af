import pytest

from tidings.access.scope import ALL, GRANTED, parse_scopes
from tidings.core.errors import Invalid


def test_scopes_come_in_their_own_order_each_once() -> None:
    assert parse_scopes(["publish", "groupinfo.read", "publish"]) == ("groupinfo.read", "publish")


def test_everything_is_granted_but_admin() -> None:
    assert set(ALL) - set(GRANTED) == {"admin"}


def test_an_unknown_scope_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="there is no scope 'root'"):
        parse_scopes(["publish", "root"])
