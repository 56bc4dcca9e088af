"""The demo's story, told without its pauses."""

from tests.demo.conftest import House
from tidings.demo.receiver import BROKEN, GOOD, OVERLOADED

# One more than a cycle, so that it begins again.
TURNS = 61


async def test_a_whole_cycle_is_told_and_everything_arrives_in_the_end(house: House) -> None:
    house.receivers.manners["archive"] = BROKEN

    for turn in range(TURNS):
        await house.story.turn(turn)
    await house.story.end()
    tally = await house.becomes(lambda tally: not tally.waiting)

    assert tally.lost == 0
    assert tally.accepted >= TURNS
    for line in ("billing goes down", "billing comes up", "archive is repaired", "archive breaks again"):
        assert line in house.shown
    assert house.heard("dashboard").keys() == {
        "ActionCreated",
        "ActionResponse",
        "Announcement",
        "JobCreated",
        "JobResponse",
        "MemberAdded",
        "MemberRemoved",
        "SurveyCreated",
        "SurveyResponse",
        "TextMessageCreated",
    }


async def test_billing_is_away_for_a_while(house: House) -> None:
    manners = []
    for turn in (4, 5, 20, 21):
        await house.story.turn(turn)
        manners.append(house.receivers.manners.get("billing", GOOD))

    assert manners == [GOOD, OVERLOADED, OVERLOADED, GOOD]
