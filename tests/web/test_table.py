"""Paths lead to what stands at them, however they are spelled."""

import pytest

from tidings.web.table import Table


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("/v1/groups", "/v1/groups"),
        ("//v1/groups", "/v1/groups"),
        ("//v1//groups", "/v1/groups"),
        ("/v1/groups/", "/v1/groups"),
        ("/v1/groups/%20", "/v1/groups"),
        ("/v1/groups%20/", "/v1/groups"),
        ("/v1/groups ", "/v1/groups"),
        ("/V1/Groups", "/v1/groups"),
        ("/v1/%67roups", "/v1/groups"),
        ("/groups", "/v1/groups"),
        ("/Groups/", "/v1/groups"),
        ("/v1/webhook/", "/v1/webhook"),
        ("/v1/Webhook", "/v1/webhook"),
        ("/v1//groups///g1", "/v1/groups/{id}"),
        ("/groups/g1/actions", "/v1/groups/{id}/actions"),
        ("/v1/groups/g1/subgroups", "/v1/groups/{id}/subGroups"),
        ("/v1/groups/g1/subGroups", "/v1/groups/{id}/subGroups"),
        ("/v1/groups/g1/actions/a1/responses%20", "/v1/groups/{id}/actions/{actionId}/responses"),
        ("/groups/g1/actions/a1/responses ", "/v1/groups/{id}/actions/{actionId}/responses"),
        ("/", "/"),
        ("//", "/"),
    ],
)
def test_a_path_leads_to_one_place_however_it_is_spelled(sent: str, known: str) -> None:
    table: Table[str] = Table()
    for path in (
        "/",
        "/v1/groups",
        "/v1/webhook",
        "/v1/groups/{id}",
        "/v1/groups/{id}/actions",
        "/v1/groups/{id}/subGroups",
        "/v1/groups/{id}/actions/{actionId}/responses",
    ):
        table.add(path, method="GET", path=path)

    assert table.find(sent)["GET"][0] == known


@pytest.mark.parametrize("sent", ["/groupsome", "/v1/groupsome", "/v1", "/v1/group s", "/v1/groups/g1/g2", "/webhook"])
def test_what_is_spelled_otherwise_leads_nowhere(sent: str) -> None:
    table: Table[str] = Table()
    for path in ("/v1/groups", "/v1/groups/{id}", "/v1/webhook"):
        table.add(path, method="GET", path=path)

    assert table.find(sent) == {}


def test_discrepancy_19_groups_are_found_with_and_without_v1() -> None:
    table: Table[str] = Table()
    table.add("respond", method="POST", path="/v1/groups/{groupId}/actions/{actionId}/responses")

    short, long = table.find("/groups/G@3/actions/A/responses"), table.find("/v1/groups/G@3/actions/A/responses")

    assert short == long == {"POST": ("respond", {"groupId": "G@3", "actionId": "A"})}


def test_a_long_path_costs_no_more_than_its_length() -> None:
    table: Table[str] = Table()
    table.add("catch", method="*", path="/bin/{name}/{rest:path}")

    assert table.find("/bin/a/" + "b/" * 10_000 + "%20/" * 10_000)["*"][1]["rest"] == "b/" * 9_999 + "b"
    assert table.find("/" + "%20" * 10_000 + "x") == {}


def test_a_fixed_path_comes_before_one_with_a_parameter() -> None:
    table: Table[str] = Table()
    table.add("one", method="GET", path="/v1/webhook/{id}")
    table.add("all", method="GET", path="/v1/webhook/all")

    assert table.find("/v1/webhook/all") == {"GET": ("all", {})}
    assert table.find("/v1/webhook/x") == {"GET": ("one", {"id": "x"})}


def test_a_word_counts_more_than_a_parameter_at_any_place_and_in_any_order() -> None:
    table: Table[str] = Table()
    table.add("one", method="GET", path="/v1/groups/{id}/reaction/{referenceId}")
    table.add("all", method="GET", path="/v1/groups/{id}/reaction/summary")
    table.add("none", method="DELETE", path="/v1/groups/{id}/reaction/{referenceId}")

    assert table.find("/v1/groups/g1/reaction/Summary") == {
        "GET": ("all", {"id": "g1"}),
        "DELETE": ("none", {"id": "g1", "referenceId": "Summary"}),
    }


def test_parameters_keep_their_case() -> None:
    table: Table[str] = Table()
    table.add("one", method="GET", path="/v1/groups/{id}")

    assert table.find("/V1/GROUPS/AbC@3") == {"GET": ("one", {"id": "AbC@3"})}


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

    with pytest.raises(ValueError, match="GET /A is there twice"):
        table.add("b", method="GET", path="/A")
