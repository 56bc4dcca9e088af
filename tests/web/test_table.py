"""Paths lead to what stands at them, however they are spelled."""

import pytest

from tidings.web.table import Table, normal


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("/v1/groups", "/v1/groups"),
        ("//v1/groups", "/v1/groups"),
        ("/v1//groups///g1", "/v1/groups/g1"),
        ("/v1/groups/", "/v1/groups"),
        ("/v1/groups/%20", "/v1/groups"),
        ("/v1/groups ", "/v1/groups"),
        ("/groups/g1/actions", "/v1/groups/g1/actions"),
        ("/groups", "/v1/groups"),
        ("/groupsome", "/groupsome"),
        ("/", "/"),
        ("//", "/"),
    ],
)
def test_a_path_has_one_spelling_however_it_was_sent(sent: str, known: str) -> None:
    assert normal(sent) == known


def test_a_fixed_path_comes_before_one_with_a_parameter() -> None:
    table: Table[str] = Table()
    table.add("one", method="GET", path="/v1/webhook/{id}")
    table.add("all", method="GET", path="/v1/webhook/all")

    assert table.find("/v1/webhook/all") == {"GET": ("all", {})}
    assert table.find("/v1/webhook/x") == {"GET": ("one", {"id": "x"})}


def test_parameters_are_decoded_one_by_one_so_that_an_id_may_hold_a_slash() -> None:
    table: Table[str] = Table()
    table.add("members", method="GET", path="/v1/groups/{group}/members")

    assert table.find("/v1/groups/a%2Fb%403/members") == {"GET": ("members", {"group": "a/b@3"})}


def test_all_methods_of_a_path_are_found_whatever_its_parameters_are_called() -> None:
    table: Table[str] = Table()
    table.add("get", method="GET", path="/v1/webhook/{id}")
    table.add("end", method="DELETE", path="/v1/webhook/{webhookId}")

    assert table.find("/v1/webhook/7") == {"GET": ("get", {"id": "7"}), "DELETE": ("end", {"webhookId": "7"})}


def test_what_is_left_of_a_path_can_be_a_parameter() -> None:
    table: Table[str] = Table()
    table.add("catch", method="*", path="/bin/{name}/{rest:path}")

    assert table.find("/bin/a/b/c") == {"*": ("catch", {"name": "a", "rest": "b/c"})}


def test_nothing_stands_at_an_unknown_path() -> None:
    assert Table[str]().find("/v1") == {}


def test_one_thing_alone_stands_at_a_method_and_path() -> None:
    table: Table[str] = Table()
    table.add("a", method="GET", path="/a")

    with pytest.raises(ValueError, match="GET /a is there twice"):
        table.add("b", method="GET", path="/a")
