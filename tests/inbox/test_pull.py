"""Pulls: at intervals, by one process at a time, with tokens that renew themselves, against a scripted server."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.inbox.far_server import EVERY, GROUP, TOKEN_LIFE, FarServer, Json, action, follow, kept, response
from tests.journey.conftest import REAL
from tidings.app.parts import Parts
from tidings.core.alongside import alongside
from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.row import Cell
from tidings.store.pulls import Hold
from tidings.testing.endpoint import Answer, Endpoint


def rows_of(parts: Parts, table: str) -> list[dict[str, Cell]]:
    """The rows of a table that another process may have made."""
    tables = parts.open_tables()
    tables.refresh()
    return [dict(row) for row in tables.rows(table)]


async def test_what_is_pulled_is_kept_as_the_callbacks_that_would_have_told_of_it(parts: Parts, far: FarServer) -> None:
    far.answers["/members"] = [{"members": [{"id": "p1", "role": "Admin", "mobileNumber": "+910000000001"}]}]
    far.answers["/actions"] = [{"actions": [action(1)]}]
    far.answers["/responses"] = [{"responses": [response(1), response(2)]}]

    after = await parts.pulling.run_now("crew")

    assert (after.error, after.failures, after.pulled) == ("", 0, 5)
    assert await kept(parts) == ["MemberAdded g1:p1", "SurveyCreated a1", "SurveyResponse r1", "SurveyResponse r2"]
    assert (await parts.inbox.receipts.of_source("crew", unreadable=True, most=10)) == []


async def test_nothing_is_kept_twice_however_often_it_is_pulled(parts: Parts, far: FarServer) -> None:
    far.answers["/members"] = [{"members": [{"id": "p1", "mobileNumber": "+910000000001"}]}]
    far.answers["/actions"] = [{"actions": [action(1)]}]
    far.answers["/responses"] = [{"responses": [response(1)]}]
    await parts.pulling.run_now("crew")
    first = await kept(parts)

    await far.clock.jump(EVERY)
    await parts.pulling.run_now("crew")

    assert await kept(parts) == first


async def test_an_update_is_news_also_if_it_says_what_was_said_before_the_last(parts: Parts, far: FarServer) -> None:
    far.answers["/actions"] = [{"actions": [action(1)]}]
    for at, answer in enumerate(("Rice", "Bread", "Rice"), start=1):
        far.answers["/responses"] = [{"responses": [response(1, answer=answer, at=at)]}]
        await parts.pulling.run_now("crew")

    assert await kept(parts, type_="SurveyResponse") == ["SurveyResponse r1"] * 3
    [row] = rows_of(parts, "responses_survey_a1")
    assert row["what"] == "Rice"


async def test_a_round_begins_a_minute_before_the_latest_change_of_the_last_one(parts: Parts, far: FarServer) -> None:
    far.answers["/actions"] = [{"actions": [action(5 * MINUTE)]}, {"actions": [action(7 * MINUTE)]}]
    far.answers["/responses"] = [{"responses": [response(1, at=9 * MINUTE)]}]

    await parts.pulling.run_now("crew")
    await parts.pulling.run_now("crew")

    assert [one["changedSince"] for one in far.pages("/actions")] == ["0", "0", str(6 * MINUTE), str(6 * MINUTE)]
    assert [one["changedSince"] for one in far.pages("/responses")] == ["0", str(8 * MINUTE)]


async def test_what_broke_off_goes_on_at_the_page_where_it_broke_off(parts: Parts, far: FarServer) -> None:
    far.answers["/actions"] = [{"actions": [action(number)]} for number in (1, 2, 3)]
    await parts.pulling.run_now("crew")
    far.answers["/responses"] = [{"responses": [response(number)]} for number in (1, 2, 3)]
    far.asked.clear()
    far.once["/responses"] = [Answer(200, (), msgspec.json.encode(far.answers["/responses"][0] | {"cursor": "1"}))]
    far.once["/responses"].append(Answer(500))

    broken = await parts.pulling.run_now("crew")
    between = await kept(parts, type_="SurveyResponse")
    mended = await parts.pulling.run_now("crew")

    assert (broken.error, broken.failures) == ("v1/groups/g1/responses was answered with 500", 1)
    assert (mended.error, mended.failures) == ("", 0)
    assert between == ["SurveyResponse r1"]
    assert await kept(parts, type_="SurveyResponse") == ["SurveyResponse r1", "SurveyResponse r2", "SurveyResponse r3"]
    assert [one.get("cursor") for one in far.pages("/responses")] == [None, "1", "1", "2"]


async def test_a_token_is_used_until_it_ends_and_renewed_by_itself(parts: Parts, far: FarServer) -> None:
    await parts.pulling.run_now("crew")
    await parts.pulling.run_now("crew")
    assert far.granted == 1

    await kept(parts)
    await far.clock.jump(TOKEN_LIFE - 4 * MINUTE)
    after = await parts.pulling.run_now("crew")

    assert (far.granted, after.error) == (2, "")
    assert after.tokens.access_until == far.clock.now() + TOKEN_LIFE


async def test_a_new_refresh_token_takes_the_place_of_the_old_one(
    parts: Parts, far: FarServer, endpoint: Endpoint
) -> None:
    far.refresh_token = "second"
    await parts.pulling.run_now("crew")
    far.refresh_token = ""
    await kept(parts)
    await far.clock.jump(TOKEN_LIFE)

    after = await parts.pulling.run_now("crew")

    asked = [one.header("refreshToken") for one in endpoint.requests if one.target.endswith("accessToken")]
    assert asked == ["first", "second"]
    assert after.tokens.refresh.reveal() == "second"
    assert "second" not in repr(after)


async def test_a_token_that_was_revoked_is_renewed_once_and_then_it_is_said_what_to_check(
    parts: Parts, far: FarServer
) -> None:
    await parts.pulling.run_now("crew")
    far.once["/actions"] = [Answer(401)]
    assert (await parts.pulling.run_now("crew")).error == ""
    assert far.granted == 2

    far.once["/actions"] = [Answer(401), Answer(401)]
    after = await parts.pulling.run_now("crew")

    assert after.error.endswith("answered with 401; check application id, secret and refresh token")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_server_that_asks_to_wait_is_not_asked_before(parts: Parts, far: FarServer, status: int) -> None:
    far.once["/actions"] = [Answer(status, (("retry-after", "120"),))]

    after = await parts.pulling.run_now("crew")

    assert (after.next_at, after.failures) == (far.clock.now() + 120 * SECOND, 1)
    await kept(parts)
    await far.clock.jump(120 * SECOND - 1)
    assert not await parts.pulling.step()
    await far.clock.jump(1)
    assert await parts.pulling.step()
    assert [one.error for one in await parts.pulling.pulls.list()] == [""]


async def test_what_fails_again_and_again_is_tried_less_often_up_to_its_interval(parts: Parts, far: FarServer) -> None:
    far.answers.pop("/actions")
    waits = []
    for _ in range(5):
        after = await parts.pulling.run_now("crew")
        waits.append((after.next_at - far.clock.now()) // MINUTE)

    assert waits == [1, 2, 4, 5, 5]
    assert after.error.endswith("answered with 404; check the address, the group, and whose token it is")


async def test_pulls_run_at_their_interval_while_the_server_does(parts: Parts, far: FarServer) -> None:
    async def pulled(times: int) -> None:
        async with asyncio.timeout(60):
            [pull] = await parts.pulling.pulls.list()
            while len(far.pages("/actions")) < times or pull.next_at <= far.clock.now():
                await far.clock.advance(SECOND)
                await REAL.sleep(0.005)
                [pull] = await parts.pulling.pulls.list()

    async with alongside(parts.pulling.run(), parts.inbox.laying.run()):
        await pulled(1)
        at = far.clock.now()
        await pulled(2)
        assert far.clock.now() - at >= EVERY - SECOND
        await pulled(3)


async def test_of_two_processes_one_at_a_time_is_at_a_pull(parts: Parts, far: FarServer) -> None:
    pulls, now = parts.pulling.pulls, far.clock.now()
    first, second = Hold(name="crew", holder="1"), Hold(name="crew", holder="2")

    assert await pulls.claim(first, now=now, until=now + MINUTE) is not None
    assert await pulls.claim(second, now=now, until=now + MINUTE) is None
    assert await pulls.due(now=now, most=10) == []
    with pytest.raises(Conflict, match="another process"):
        await parts.pulling.run_now("crew")

    assert await pulls.claim(second, now=now + MINUTE, until=now + 2 * MINUTE) is not None
    with pytest.raises(Conflict, match="taken it over"):
        await pulls.advance(first, cursor="mine", more=1, until=now + HOUR)
    await pulls.succeeded(first, at=now, next_at=now + DAY)
    await pulls.advance(second, cursor="{}", more=1, until=now + HOUR)


async def test_a_pull_that_has_ended_while_it_is_fetched_stops(parts: Parts, far: FarServer) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    def ends(_: object) -> None:
        arrived.set()

    far.answers["/actions"] = [{"actions": [action(1)]}]
    body = msgspec.json.encode({"members": []})
    far.once["/members"] = [Answer(200, (), body, after=go_on)]
    fetching = asyncio.create_task(parts.pulling.run_now("crew"))
    fetching.add_done_callback(ends)
    async with asyncio.timeout(60):
        while not far.pages("/members"):
            await REAL.sleep(0.005)
    await parts.pulling.end("crew", actor="test")
    go_on.set()

    with pytest.raises(NotFound, match="no such pull"):
        await fetching
    assert far.pages("/actions") == []
    assert await parts.pulling.pulls.list() == []
    assert not await parts.pulling.step()


async def test_members_are_told_of_only_where_the_tables_differ(parts: Parts, far: FarServer) -> None:
    asha, ravi = ({"id": f"p{n}", "role": "Member", "mobileNumber": f"+91000000000{n}", "name": "N"} for n in (1, 2))
    far.answers["/members"] = [{"members": [asha]}, {"members": [ravi]}]
    await parts.pulling.run_now("crew")
    await kept(parts)
    far.answers["/members"] = [{"members": [asha | {"role": "Admin"}]}]
    await far.clock.jump(EVERY)

    await parts.pulling.run_now("crew")

    assert await kept(parts, type_="Member") == [
        "MemberAdded g1:p1",
        "MemberAdded g1:p2",
        "MemberAdded g1:p1",
        "MemberRemoved g1:p2",
    ]
    rows = rows_of(parts, "members")
    assert [(row["member_id"], row["role"]) for row in rows] == [("p1", "Admin")]


async def test_nothing_is_fetched_while_what_was_received_waits_to_be_laid_flat(parts: Parts, far: FarServer) -> None:
    far.answers["/members"] = [{"members": [{"id": "p1"}]}]
    await parts.pulling.run_now("crew")
    await far.clock.jump(EVERY)

    waiting = await parts.pulling.run_now("crew")
    between = len(far.pages("/members"))
    told = await kept(parts, type_="Member")
    after = await parts.pulling.run_now("crew")

    assert waiting.error.startswith("what was received before waits to be laid flat")
    assert after.error == ""
    assert (between, told) == (1, ["MemberAdded g1:p1"])
    assert await kept(parts, type_="Member") == told


async def test_groups_beneath_are_told_of_with_their_parents_and_gone_ones_only_by_who_sees_all(
    parts: Parts, far: FarServer
) -> None:
    deep = {"groupId": "g3", "groupName": "Night", "subGroups": []}
    beneath = [{"groupId": "g2", "groupName": "Harbour", "subGroups": [deep]}]
    far.answers["/subGroups"] = [{"groupId": GROUP, "subGroups": beneath}]

    async def stand(role: str, groups: Sequence[Json]) -> list[tuple[Any, Any]]:
        far.answers[""] = [{"groupId": GROUP, "groupName": "Site crew", "callerRole": role}]
        far.answers["/subGroups"] = [{"groupId": GROUP, "subGroups": groups}]
        await far.clock.jump(EVERY)
        await parts.pulling.run_now("crew")
        await kept(parts)
        return [(row["group_id"], row["parent_group_id"]) for row in rows_of(parts, "groups")]

    assert await stand("Admin", beneath) == [(GROUP, ""), ("g2", GROUP), ("g3", "g2")]
    assert await stand("Member", []) == [(GROUP, ""), ("g2", GROUP), ("g3", "g2")]
    assert await stand("Admin", []) == [(GROUP, ""), ("g3", "g2")]


async def test_of_a_server_with_the_documented_api_alone_every_open_action_is_read_again(
    parts: Parts, far: FarServer
) -> None:
    def posted(number: int, status: str) -> Json:
        told = action(number, creationTime=number, status=status)
        return {name: value for name, value in told.items() if name not in {"createdAt", "changedAt"}}

    def answered(*numbers: int) -> list[Json]:
        told = [response(number) for number in numbers]
        for one in told:
            del one["eventType"], one["updatedAt"]
        return [{"actionDetails": {"responses": told}}]

    far.answers["/actions"] = [{"actions": [posted(1, "Closed"), posted(2, "Active"), posted(3, "Closed")]}]
    far.answers |= {f"/actions/a{number}": answered(number) for number in (1, 2, 3)}
    assert (await parts.pulling.run_now("crew")).error == ""
    await kept(parts)
    far.answers["/actions/a2"] = answered(2, 4)
    far.asked.clear()
    assert (await parts.pulling.run_now("crew")).error == ""

    assert await kept(parts, type_="SurveyResponse") == [f"SurveyResponse r{number}" for number in (1, 2, 3, 4)]
    assert [one["fromDate"] for one in far.pages("/actions")] == ["2"]
    assert [path for path, _ in far.asked if path.startswith("/actions/")] == ["/actions/a1", "/actions/a2"]
    assert far.pages("/responses") == []


HOSTILE = {
    "garbage": b"<html>",
    "deep": b'{"actions":' + b"[" * 100_000,
    "wrong": b'{"actions":[{"actionId":7}]}',
    "nothing": b"",
    "null": b"null",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_a_strange_answer_is_an_error_that_says_where_and_keeps_nothing(
    parts: Parts, far: FarServer, body: bytes
) -> None:
    far.once["/actions"] = [Answer(200, (), body)]

    after = await parts.pulling.run_now("crew")

    assert after.error
    assert after.failures == 1
    assert await kept(parts) == []


async def test_where_nobody_may_be_called_it_is_said_and_tried_again(parts: Parts, far: FarServer) -> None:
    await follow(parts, name="inside", remote="https://192.168.7.7/")

    after = await parts.pulling.run_now("inside")

    assert "TIDINGS_EGRESS_ALLOW can allow it" in after.error
    assert after.next_at == far.clock.now() + MINUTE


async def test_a_redirect_is_not_followed(parts: Parts, far: FarServer) -> None:
    far.once["/actions"] = [Answer(308, (("location", "/elsewhere"),))]

    assert (await parts.pulling.run_now("crew")).error == "v1/groups/g1/actions was answered with 308"


async def test_what_cannot_be_pulled_is_refused_when_it_is_made(parts: Parts) -> None:
    await parts.inbox.create_source("shop", dialect="stripe", actor="test")

    with pytest.raises(NotFound, match="no such source"):
        await follow(parts, name="x", source="nobody", remote="https://example.com")
    with pytest.raises(Invalid, match="stripe cannot be pulled, only kaizala"):
        await follow(parts, name="x", source="shop", remote="https://example.com")
    with pytest.raises(Invalid, match="an interval of 10s or more"):
        await follow(parts, name="x", remote="https://example.com", every_ms=SECOND)
    with pytest.raises(Invalid):
        await follow(parts, name="x", remote="nowhere")
    with pytest.raises(Conflict, match="use another name"):
        await follow(parts, remote="https://example.com")
    with pytest.raises(NotFound, match="no such pull"):
        await parts.pulling.run_now("nobody")
    with pytest.raises(NotFound, match="no such pull"):
        await parts.pulling.end("nobody", actor="test")
