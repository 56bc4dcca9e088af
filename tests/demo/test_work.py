"""What the crew asks and answers, where it is heard, and the tables that come of it."""

from tests.demo.conftest import House
from tidings.demo.work import Work

# The survey, the form, and all that happens until it begins again.
STEPS = 14


async def done(house: House, *, steps: int) -> None:
    """So much work, and all of it has arrived."""
    work = Work(house.stage, screen=house.screen)
    for _ in range(steps):
        await work.step()
    await house.becomes(lambda tally: not tally.waiting)


async def test_a_webhook_at_the_package_hears_its_form_and_one_at_the_survey_its_answers(house: House) -> None:
    await done(house, steps=STEPS)

    assert house.heard("warehouse") == {"ActionCreated": 1, "ActionResponse": 4}
    assert house.heard("kitchen") == {"SurveyResponse": 3}
    assert house.heard("dashboard") == {
        "SurveyCreated": 1,
        "SurveyResponse": 3,
        "ActionCreated": 1,
        "ActionResponse": 4,
        "JobCreated": 1,
        "JobResponse": 1,
        "Announcement": 1,
        "MemberAdded": 1,
        "MemberRemoved": 1,
    }


async def test_a_changed_order_and_a_changed_vote_take_the_place_of_the_former(house: House) -> None:
    await done(house, steps=STEPS + STEPS - 2)

    rows = await house.ledger.rows()

    assert house.heard("warehouse")["ActionResponse"] == 8
    assert rows["responses_orderformdemo"] == 6
    assert house.heard("kitchen")["SurveyResponse"] == 6
    assert [number for name, number in rows.items() if name.startswith("responses_survey_")] == [3]
    assert rows["jobs"] == rows["job_responses"] == 2
    assert "changes an order" in house.shown
    assert "now wants" in house.shown
