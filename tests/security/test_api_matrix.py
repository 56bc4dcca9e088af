"""Who may ask what: every route of the API, for everybody, about things that are theirs and that are not."""

from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from tests.security.asking import Answer
from tests.security.cast import Cast, Stranger, scopes_of
from tests.security.estate import Estate, opened_estate
from tests.security.rule import Open, Rule
from tests.security.rules import RULES
from tests.security.things import MARK
from tidings.access.scope import ALL

# For people, and judged in tests of their own.
FOR_PEOPLE = frozenset({"console", "portal"})


@pytest.fixture
async def estate(tmp_path: Path, database_url: str) -> AsyncIterator[Estate]:
    async with opened_estate(tmp_path, database=database_url) as estate:
        yield estate


def table(estate: Estate) -> dict[str, str]:
    """Every route and page by method and path, with the scope that it names, empty where it names none."""
    routes = {f"{route.method} {route.path}": route.needs or "" for route in estate.front.routes}
    return routes | {
        f"{method} {page.path}": ""
        for page in estate.front.pages
        if page.name not in FOR_PEOPLE
        for method in page.methods
    }


def closed(estate: Estate) -> Iterator[tuple[str, str, Rule]]:
    """The routes that a token opens: what is asked for, and the scope that it needs."""
    for name, needs in table(estate).items():
        rule = RULES[name]
        if isinstance(rule, Rule):
            yield name, needs or rule.needs, rule


async def asked(
    estate: Estate, who: Cast | Stranger | str, name: str, rule: Rule, *, other: Mapping[str, str] | None = None
) -> Answer:
    method, _, path = name.partition(" ")
    instead = {kind: estate.things.at[one] for kind, one in rule.at.items()} | dict(other or {})
    things = estate.things.at | instead
    url = estate.address(path, other=instead) + (f"?{rule.query.format(**things)}" if rule.query else "")
    return await estate.ask(who, method, url, body=rule.sends(things))


async def trespass(
    estate: Estate,
    who: Cast | Stranger | str,
    name: str,
    rule: Rule,
    *,
    told: frozenset[int] = frozenset({403, 404}),
    other: Mapping[str, str] | None = None,
) -> list[str]:
    """What is wrong with how somebody is turned away: not with these statuses, or something is shown or changed."""
    estate.changes.since()
    answer = await asked(estate, who, name, rule, other=other)
    is_changed, is_shown = estate.changes.since(), MARK in answer.text
    if answer.status in told and not is_changed and not is_shown:
        return []
    return [f"{name} answers {who} with {answer.status}{', changes something' * is_changed}: {answer.text[:99]}"]


async def test_every_route_has_a_rule(estate: Estate) -> None:
    routes = set(table(estate))

    missing, stale = sorted(routes - set(RULES)), sorted(set(RULES) - routes)

    assert not missing, f"say in tests/security/rules.py who may ask {', '.join(missing)}: a Rule, or Open and why"
    assert not stale, f"tests/security/rules.py has rules for what is not there any more: {', '.join(stale)}"


async def test_whoever_is_nobody_gets_nothing(estate: Estate) -> None:
    wrong = []

    for name, _, rule in closed(estate):
        for who in Stranger:
            wrong += await trespass(estate, who, name, rule, told=frozenset({401}))

    assert not wrong, "\n".join(wrong)


async def test_what_no_token_opens_says_no_more_than_its_rule(estate: Estate) -> None:
    wrong = []

    for name in table(estate):
        rule = RULES[name]
        if isinstance(rule, Open):
            method, _, path = name.replace("*", "POST").partition(" ")
            answer = await estate.ask(Stranger.NOBODY, method, estate.address(path), body=rule.body)
            if answer.status not in rule.answers or MARK in answer.text:
                wrong.append(f"{name} answers nobody with {answer.status}: {answer.text[:99]}")

    assert not wrong, "\n".join(wrong)


async def test_a_token_is_good_for_its_scopes_alone(estate: Estate) -> None:
    wrong = []

    for name, needs, rule in closed(estate):
        for scope in ALL:
            if scope != needs:
                wrong += await trespass(estate, scope, name, rule, told=frozenset({403}))

    assert not wrong, "\n".join(wrong)


async def test_whoever_may_not_is_told_so_and_changes_nothing(estate: Estate) -> None:
    wrong = []

    for name, needs, rule in closed(estate):
        told = frozenset({403, 404, *rule.refused})
        for who in Cast:
            if who not in rule.may or needs not in scopes_of(who):
                wrong += await trespass(estate, who, name, rule, told=told)

    assert not wrong, "\n".join(wrong)


async def test_what_is_somebody_elses_is_not_reached_through_what_is_ones_own(estate: Estate) -> None:
    """Ravi rules a group of his own, and names things of Asha's group in its place."""
    wrong = []
    other = {"group": estate.other_group}

    for name, needs, rule in closed(estate):
        is_nested = "{groupId}/" in name and name.count("{") > 1
        if is_nested and needs in scopes_of(Cast.FOREIGN_ADMIN):
            wrong += await trespass(estate, Cast.FOREIGN_ADMIN, name, rule, other=other)

    assert not wrong, "\n".join(wrong)


async def test_whoever_may_is_answered_and_shown_only_what_is_theirs(estate: Estate) -> None:
    wrong, things = [], estate.things

    for name, needs, rule in closed(estate):
        shows = rule.may if rule.shows is None else rule.shows
        for who in sorted(rule.may):
            if needs not in scopes_of(who):
                continue
            for kind in rule.spends:
                things.at[kind] = await things.fresh(kind)
            answer = await asked(estate, who, name, rule)
            is_fine = 200 <= answer.status < 300 or answer.status in rule.also
            if not is_fine or (who not in shows and MARK in answer.text):
                wrong.append(f"{name} answers {who.name} with {answer.status}: {answer.text[:199]}")
        # What was used up is there again for the routes that follow.
        for kind in rule.spends:
            things.at[kind] = await things.fresh(kind)

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("GET /v1/groups/{groupId}", "with 200: "),
        ("POST /v1/groups/{groupId}/messages", "with 200, changes something"),
    ],
)
async def test_a_route_that_lets_the_wrong_people_in_is_seen(estate: Estate, name: str, seen: str) -> None:
    rule = RULES[name]
    assert isinstance(rule, Rule)

    # As if Asha, who may, were somebody who may not.
    [found] = await trespass(estate, Cast.ADMIN, name, rule)

    assert seen in found
