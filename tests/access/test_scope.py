import pytest

from tidings.access.scope import ALL, GRANTED, PERMISSIONS, parse_scopes, permissions_in, scopes_of
from tidings.core.errors import Invalid


def test_scopes_come_in_their_own_order_each_once() -> None:
    assert parse_scopes(["publish", "groupinfo.read", "publish"]) == ("groupinfo.read", "publish")


def test_everything_is_granted_but_admin() -> None:
    assert set(ALL) - set(GRANTED) == {"admin"}


def test_an_unknown_scope_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="there is no scope 'root'"):
        parse_scopes(["publish", "root"])


def test_what_kaizala_grants_comes_first_and_in_its_order() -> None:
    assert ",".join(GRANTED).startswith(
        "groupinfo.read,groupinfo.write,groupinfo.remove,groupinfo.update,groupmember.read,groupmember.write,"
        "groupmember.remove,textmessage.read,action.read,action.write,action.update,profile.write,media.read,"
        "webhook.read,webhook.write,webhook.remove,webhook.update,"
    )


def test_kaizalas_permissions_stand_for_every_scope_of_its_api() -> None:
    ours = {"publish", "events.read", "bin", "tables.read", "admin"}
    ours |= {"reports.read", "reports.write", "reports.publish"}

    assert {scope for scopes in PERMISSIONS.values() for scope in scopes} == set(ALL) - ours
    assert sum(map(len, PERMISSIONS.values())) == len(ALL) - len(ours)
    assert scopes_of(" media ") == ("media.read", "media.write")


def test_a_permission_is_given_when_all_of_it_is() -> None:
    assert permissions_in(["reaction.read", "reaction.write", "media.read"]) == ("Reactions",)
    assert permissions_in(GRANTED) == tuple(PERMISSIONS)


def test_an_unknown_permission_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="there is none called 'Everything'; use some of Group Information, "):
        scopes_of("Everything")
