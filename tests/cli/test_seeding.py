"""What an operator makes by hand: connectors, people, groups, tokens."""

import asyncio
from pathlib import Path

from tests.cli.terminal import Terminal, eventually
from tidings.app.compose import opened, running
from tidings.app.settings import load
from tidings.core.clock import DAY

PHONE = "+910000000001"


async def test_a_connector_is_made_with_the_id_and_secret_that_are_given(here: Terminal) -> None:
    made = here.tells("connector", "create", "--name", "shop", "--id", "shop-1", "--secret", "hush")

    assert made == {"id": "shop-1", "secret": "hush", "name": "shop"}
    assert "hush" not in here.says("connector", "list", "--json")


def test_a_connector_without_them_gets_new_ones_and_shows_them(here: Terminal) -> None:
    said = here.says("connector", "create", "--name", "shop")

    identifier = said.splitlines()[0].split()[1]
    assert said.splitlines()[1].startswith("applicationSecret ")
    assert here.tells("connector", "list")[0]["id"] == identifier


def test_a_second_connector_of_the_same_id_is_refused(here: Terminal) -> None:
    here.says("connector", "create", "--name", "shop", "--id", "shop-1")

    assert "there is a connector shop-1 already" in here.refuses(
        "connector", "create", "--name", "other", "--id", "shop-1"
    )


def test_a_revoked_connector_is_listed_as_such_and_gets_no_token(here: Terminal) -> None:
    here.says("connector", "create", "--name", "shop", "--id", "shop-1")

    here.says("connector", "revoke", "shop-1")

    assert here.tells("connector", "list")[0]["revoked_at"] is not None
    assert here.refuses("token", "create", "--connector", "shop-1")
    assert "no connector shop-1" in here.refuses("connector", "revoke", "shop-1")
    assert "no connector shop-1" in here.refuses("token", "create", "--connector", "shop-1")


def test_a_list_in_a_pipe_has_a_line_for_each_connector(here: Terminal) -> None:
    for number in (1, 2):
        here.says("connector", "create", "--name", "a name that is long " * 5, "--id", f"shop-{number}")

    lines = here.says("connector", "list").splitlines()

    assert [line.split()[0] for line in lines] == ["id", "shop-1", "shop-2"]


def test_a_connector_has_the_permissions_that_it_was_given_by_kaizalas_names(here: Terminal) -> None:
    here.says("connector", "create", "--name", "shop", "--permission", "reactions", "--permission", "Group Member List")
    here.says("connector", "create", "--name", "shop", "--id", "shop-2")

    told = {one["id"]: one for one in here.tells("connector", "list")}

    everything = told.pop("shop-2")["permissions"]
    [few] = told.values()
    assert few["permissions"] == ["Group Member List", "Reactions"]
    assert few["scopes"] == [
        "groupmember.read",
        "groupmember.write",
        "groupmember.remove",
        "reaction.read",
        "reaction.write",
    ]
    assert len(everything) == 9
    assert "Group Member List, Reactions" in here.says("connector", "list")
    assert "there is none called 'All'; use some of" in here.refuses(
        "connector", "create", "--name", "other", "--permission", "All"
    )


def test_people_are_sent_back_to_the_addresses_that_a_connector_was_given(here: Terminal) -> None:
    back = "https://example.com/back"
    here.says("connector", "create", "--name", "shop", "--redirect-uri", back, "--redirect-uri", "http://localhost:1/")

    assert here.tells("connector", "list")[0]["redirect_uris"] == [back, "http://localhost:1/"]
    assert "is no https:// address" in here.refuses(
        "connector", "create", "--name", "other", "--redirect-uri", "http://example.com/"
    )


async def test_the_pin_that_waits_for_a_person_is_printed_alone(terminal: Terminal) -> None:
    terminal.says("user", "create", "--phone", PHONE, "--name", "Ada")
    terminal.says("connector", "create", "--name", "shop", "--id", "shop-1")
    settings = load(terminal.settings, folder=terminal.folder)
    async with opened(settings) as parts, running(parts):
        await parts.access.generate_pin(PHONE, application_id="shop-1", address="127.0.0.1")
        waiting = await _told(terminal)

    assert len(waiting) == 6
    assert waiting.isdigit()


async def _told(terminal: Terminal) -> str:
    """The PIN is made behind the answer, so that nobody can tell by the time whether there is such a person."""

    def look() -> str:
        return terminal.run("user", "pin", PHONE).stdout.strip()

    return await asyncio.to_thread(eventually, look)


def test_nobodys_pin_is_refused_with_what_to_do(here: Terminal) -> None:
    assert "user create" in here.refuses("user", "pin", PHONE)

    here.says("user", "create", "--phone", PHONE, "--name", "Ada")

    assert "generatePin" in here.refuses("user", "pin", PHONE)


def test_a_number_is_kept_in_one_spelling(here: Terminal) -> None:
    made = here.tells("user", "create", "--phone", "+91 00000-00001", "--name", "Ada", "--id", "ada")

    assert made == {"id": "ada", "phone": PHONE, "name": "Ada"}
    assert here.refuses("user", "create", "--phone", "12", "--name", "Ada").startswith("tidings: phone: ")


def test_a_group_is_made_with_its_admins_who_can_then_have_tokens(here: Terminal) -> None:
    here.says("connector", "create", "--name", "shop", "--id", "shop-1")

    made = here.tells("group", "create", "--name", "Crew", "--admin", PHONE, "--id", "crew@3")

    assert made == {"id": "crew@3", "name": "Crew"}
    assert here.says("token", "create", "--connector", "shop-1", "--user", PHONE).startswith("tdr_")
    assert here.says("token", "create", "--connector", "shop-1", "--group", "crew@3").startswith("tdr_")
    assert here.says("token", "create", "--connector", "shop-1", "--tenant", "--user", PHONE).startswith("tdr_")
    assert here.refuses("token", "create", "--connector", "shop-1", "--group", "nowhere")


def test_a_static_key_has_the_scopes_that_it_was_given_until_it_is_revoked(here: Terminal) -> None:
    here.says("connector", "create", "--name", "shop", "--id", "shop-1")

    options = ("--static", "--scope", "publish", "--expires-in", "90d")
    key = here.tells("token", "create", "--connector", "shop-1", *options)["token"]
    [listed] = here.tells("token", "list", "--connector", "shop-1")

    assert key.startswith("tdk_")
    assert listed["scopes"] == "publish"
    assert listed["expires_at"] - listed["created_at"] == 90 * DAY
    assert here.says("token", "revoke", typed=f"{key}\n") == "revoked"
    assert here.refuses("token", "revoke", key)


def test_options_of_tokens_that_do_not_go_together_are_refused(here: Terminal) -> None:
    assert "--scope and --expires-in go with --static" in here.refuses(
        "token", "create", "--connector", "shop-1", "--scope", "publish", status=2
    )
    assert "--group makes a token" in here.refuses(
        "token", "create", "--connector", "shop-1", "--group", "crew", "--static", status=2
    )
    assert "--tenant makes a refresh token" in here.refuses(
        "token", "create", "--connector", "shop-1", "--tenant", "--static", status=2
    )


def test_an_erased_person_is_nobody(here: Terminal) -> None:
    here.says("user", "create", "--phone", PHONE, "--name", "Ada")

    assert here.says("person", "erase", PHONE) == "erased"

    assert "nobody has the number" in here.refuses("person", "erase", PHONE)


def test_the_first_command_makes_a_key_that_nobody_else_may_read(here: Terminal) -> None:
    here.says("connector", "list")

    key = here.folder / Path("tidings-data/secret.key")
    assert key.stat().st_mode & 0o777 == 0o600
