"""Who gets where in the console, to things that are theirs and that are not, and what nobody changes by the way."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.security.asking import Answer
from tests.security.console_rules import OF_ONESELF, OPEN, OPERATORS, READERS, Place, Visitor
from tests.security.household import Household, opened_household
from tests.security.things import MARK
from tidings.console.rights import Right

SIGN_IN = "/console/sign-in"
# What is told at the place itself. Nothing is hidden from these: what is not there is not found.
BY_RIGHT = {
    Right.LOOK: Place(may=READERS, also=(404,)),
    Right.OPERATE: Place(may=OPERATORS, spends=("source", "bin"), also=(404,)),
    Right.RULE: Place(may=frozenset({Visitor.OWNER}), spends=("connector", "member"), also=(404,)),
}


@pytest.fixture
async def household(tmp_path: Path) -> AsyncIterator[Household]:
    async with opened_household(tmp_path) as household:
        yield household


def by_right(household: Household, *rights: Right) -> dict[str, Right]:
    console = household.estate.front.console
    assert console is not None
    return {f"{one.method} {one.path}": one.needs for one in console.places if one.needs in (rights or list(Right))}


def rules(household: Household) -> Iterator[tuple[str, Place]]:
    for name, right in by_right(household).items():
        if right is not Right.ENTER:
            yield name, BY_RIGHT.get(right) or OF_ONESELF[name]


async def visited(household: Household, visitor: Visitor, name: str, place: Place) -> Answer:
    method, _, path = name.partition(" ")
    url = household.estate.address(path) + (f"?{place.query}" if place.query else "")
    form = {field: value.format(**household.estate.things.at) for field, value in place.form.items()}
    return await household.visit(visitor, method, url, form=form)


def is_refused(answer: Answer, visitor: Visitor) -> bool:
    if visitor is Visitor.STRANGER:
        return answer.status == 401 or answer.headers.get("location", "").startswith(SIGN_IN)
    return answer.status in {403, 404}


async def test_every_place_that_the_workspace_guards_has_a_rule(household: Household) -> None:
    guarded, anybodys = set(by_right(household, Right.BE_ONESELF)), set(by_right(household, Right.ENTER))

    missing, stale = sorted(guarded - set(OF_ONESELF)), sorted(set(OF_ONESELF) - guarded)

    where = "tests/security/console_rules.py"
    assert not missing, f"say in OF_ONESELF of {where} who gets to {', '.join(missing)}"
    assert not stale, f"{where} has rules for what is not there any more: {', '.join(stale)}"
    assert anybodys == set(OPEN), f"OPEN of {where} says why a place needs no session; it differs from what is open"


async def test_whoever_may_not_come_is_told_so_and_changes_nothing(household: Household) -> None:
    wrong = []
    household.estate.changes.since()

    for name, place in rules(household):
        for visitor in Visitor:
            if visitor in place.may:
                continue
            answer = await visited(household, visitor, name, place)
            is_changed = household.estate.changes.since()
            if is_changed or not is_refused(answer, visitor) or MARK in answer.text:
                wrong.append(f"{name} answers {visitor.name} with {answer.status}{' and a change' * is_changed}")

    assert not wrong, "\n".join(wrong)


async def test_a_form_without_the_proof_of_its_session_changes_nothing(household: Household) -> None:
    wrong = []
    household.estate.changes.since()

    for name, place in rules(household):
        method, _, path = name.partition(" ")
        if method == "POST":
            for visitor in sorted(place.may):
                url = household.estate.address(path)
                answer = await household.visit(visitor, method, url, form=place.form, csrf="0" * 64)
                if household.estate.changes.since() or answer.status != 403:
                    wrong.append(f"{name} answers {visitor.name} with {answer.status}")

    assert not wrong, "\n".join(wrong)


async def test_whoever_may_come_is_shown_only_what_is_theirs(household: Household) -> None:
    wrong, things = [], household.estate.things

    for name, place in rules(household):
        shows = place.may if place.shows is None else place.shows
        for visitor in sorted(place.may):
            for kind in place.spends if name.startswith("POST") else ():
                things.at[kind] = await things.fresh(kind)
            answer = await visited(household, visitor, name, place)
            is_fine = answer.status in {200, 303, 409, 422, *place.also}
            is_fine = is_fine and not answer.headers.get("location", "").startswith(SIGN_IN)
            if not is_fine or (visitor not in shows and MARK in answer.text):
                wrong.append(f"{name} answers {visitor.name} with {answer.status}")
        for kind in place.spends:
            things.at[kind] = await things.fresh(kind)

    assert not wrong, "\n".join(wrong)
