import asyncio
import dataclasses

import pytest

from tests.workspace.board import ASKED, Board
from tests.workspace.house import ADA, BOB, TENANT, by
from tidings.core.caller import Caller, TokenKind
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.workspace.bodies import PackageBody, Visibility
from tidings.workspace.packages import NewPackage, body_of_package
from tidings.workspace.properties import Property, PropertyType, SentProperty
from tidings.workspace.questions import Question, QuestionType


def new(identifier: str = "com.example.order") -> NewPackage:
    return NewPackage(id=identifier, questions=ASKED)


def elsewhere(caller: Caller) -> Caller:
    """The same with a token of another program."""
    return dataclasses.replace(caller, connector="bank")


async def test_a_package_is_found_with_its_questions_and_rules(board: Board) -> None:
    await board.packages.create(
        by(ADA),
        NewPackage(
            id="com.example.order",
            name="Order",
            questions=ASKED,
            properties=[SentProperty(name="state", value="open")],
            accepts_multiple=False,
            is_anonymous=True,
            is_sender_only=True,
        ),
    )

    found = await board.packages.find("com.example.order")
    assert (found.id, found.version, found.name, found.author) == ("com.example.order", 1, "Order", "ada")
    assert body_of_package(found) == PackageBody(
        questions=(
            Question(title="Shop", type=QuestionType.SINGLE_OPTION, options=("North", "South")),
            Question(title="Rice", type=QuestionType.NUMERIC),
        ),
        properties=(Property(name="state", type=PropertyType.TEXT, value="open"),),
        is_anonymous=True,
        accepts_multiple=False,
        visibility=Visibility.SENDER,
    )


async def test_the_same_id_again_makes_the_next_version(board: Board) -> None:
    made = [(await board.packages.create(by(ADA), new())).version for _ in range(3)]

    assert made == [1, 2, 3]
    assert (await board.packages.find("com.example.order")).version == 3
    assert (await board.packages.find("com.example.order.2")).version == 2
    with pytest.raises(NotFound):
        await board.packages.find("com.example.order.4")


async def test_a_version_that_is_named_is_made_once(board: Board) -> None:
    made = await board.packages.create(by(ADA), new("d9b1d7db-1b8f-4ef5-8a39-000000000000.2"))

    assert (made.id, made.version) == ("d9b1d7db-1b8f-4ef5-8a39-000000000000", 2)
    assert made.name == made.id
    with pytest.raises(Conflict, match="leave the version out"):
        await board.packages.create(by(ADA), new("d9b1d7db-1b8f-4ef5-8a39-000000000000.2"))


async def test_a_number_that_no_version_has_is_part_of_the_id(board: Board) -> None:
    made = await board.packages.create(by(ADA), new("com.example.0"))

    assert (made.id, made.version) == ("com.example.0", 1)


async def test_versions_that_are_asked_for_at_once_are_all_made_or_refused(board: Board) -> None:
    asked = [board.packages.create(by(ADA), new()) for _ in range(5)]
    results = await asyncio.gather(*asked, return_exceptions=True)

    versions = sorted(one.version for one in results if not isinstance(one, BaseException))
    assert versions == list(range(1, len(versions) + 1))
    assert all(isinstance(one, Conflict) for one in results if isinstance(one, BaseException))


async def test_the_next_version_is_made_by_the_same_person_or_program_or_for_a_tenant(board: Board) -> None:
    await board.packages.create(by(ADA), new())

    with pytest.raises(Conflict, match="somebody else's"):
        await board.packages.create(elsewhere(by(BOB)), new())
    for caller in (elsewhere(by(ADA)), by(BOB), elsewhere(TENANT)):
        await board.packages.create(caller, new())

    assert (await board.packages.find("com.example.order")).version == 4


async def test_programs_without_a_person_share_nothing_but_their_connector(board: Board) -> None:
    program = by(kind=TokenKind.KEY)
    await board.packages.create(program, new())

    with pytest.raises(Conflict, match="somebody else's"):
        await board.packages.create(elsewhere(program), new())


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (NewPackage(id="a/b", questions=ASKED), "^id:"),
        (NewPackage(id="", questions=ASKED), "^id:"),
        (NewPackage(id="com.tidings.survey", questions=ASKED), "^id:"),
        (NewPackage(id="com.example.order", questions=()), "^questions:"),
        (NewPackage(id="com.example.order", name="x" * 201, questions=ASKED), "^name:"),
        (
            NewPackage(id="com.example.order", questions=ASKED, properties=[SentProperty(name="", value=1)]),
            r"^properties\[0\]\.name:",
        ),
    ],
)
async def test_what_is_no_package_is_refused_by_field(board: Board, asked: NewPackage, error: str) -> None:
    with pytest.raises((Invalid, Conflict), match=error):
        await board.packages.create(by(ADA), asked)

    assert await board.packages.list() == []


async def test_packages_are_listed_version_by_version(board: Board) -> None:
    for identifier in ("com.example.visit", "com.example.order", "com.example.order"):
        await board.packages.create(by(ADA), new(identifier))

    first = await board.packages.list(most=2)
    rest = await board.packages.list(after="com.example.order.2", most=2)

    assert [(one.id, one.version) for one in (*first, *rest)] == [
        ("com.example.order", 1),
        ("com.example.order", 2),
        ("com.example.visit", 1),
    ]
