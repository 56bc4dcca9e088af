"""Reactions over HTTP."""

import pytest

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation


async def message(installation: Installation, group: str, *, token: str) -> str:
    answer = await installation.post(f"/v1/groups/{group}/messages", {"message": "Lunch"}, token=token)
    reference: str = answer.json()["referenceId"]
    return reference


async def test_likes_and_comments_are_counted_for_one_message(installation: Installation) -> None:
    asha, ravi = await installation.sign_in(ASHA), await installation.sign_in(RAVI)
    group = await installation.group(asha, RAVI)
    reference = await message(installation, group, token=asha)
    path = f"/v1/groups/{group}/reaction"
    like = {"referenceId": reference, "sourceGroupId": group, "reactionType": "Like"}

    first = await installation.post(path, like, token=asha)
    again = await installation.post(path, like, token=asha)
    await installation.post(path, like | {"reactionType": "comment", "comment": "Coming"}, token=ravi)
    summary = await installation.get(f"{path}/{reference}/summary", token=ravi, sourceGroupId=group)

    assert list(first.json()) == ["reactionId"]
    assert again.json() == first.json()
    assert summary.json() == {"summary": [{"referenceId": reference, "reactionsCountMap": {"like": 1, "comment": 1}}]}


async def test_the_summary_of_a_group_goes_on_at_its_cursor(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    path = f"/v1/groups/{group}/reaction"
    references = [await message(installation, group, token=asha) for _ in range(2)]
    for reference in references:
        await installation.post(path, {"referenceId": reference, "reactionType": "Like"}, token=asha)

    whole = (await installation.get(f"{path}/summary", token=asha, sourceGroupId=group, cursor="0")).json()
    nothing = (await installation.get(f"{path}/summary", token=asha, cursor=str(whole["cursor"]))).json()
    await installation.post(
        path, {"referenceId": references[0], "reactionType": "Comment", "comment": "Yes"}, token=asha
    )
    # As JavaScript reads and writes the number.
    cursor = f"{float(whole['cursor']):.0f}"
    more = (await installation.get(f"{path}/summary", token=asha, cursor=cursor)).json()

    assert list(whole) == ["cursor", "summary"]
    assert [one["referenceId"] for one in whole["summary"]] == references
    assert nothing == {"cursor": whole["cursor"], "summary": []}
    assert more["summary"] == [{"referenceId": references[0], "reactionsCountMap": {"like": 1, "comment": 1}}]
    assert more["cursor"] > whole["cursor"] > 638_000_000_000_000_000


async def test_reactions_are_told_with_who_and_when(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    me = (await installation.get("/v1/users/me", token=asha)).json()["id"]
    group = await installation.group(asha)
    path = f"/v1/groups/{group}/reaction"
    reference = await message(installation, group, token=asha)
    like = (await installation.post(path, {"referenceId": reference, "reactionType": "Like"}, token=asha)).json()
    await installation.post(path, {"referenceId": reference, "reactionType": "Comment", "comment": "Yes"}, token=asha)

    everything = (await installation.get(f"{path}/{reference}", token=asha)).json()
    likes = (await installation.get(f"{path}/{reference}", token=asha, reactionType="like")).json()
    rest = (await installation.get(f"{path}/{reference}", token=asha, cursor=str(likes["cursor"]))).json()

    assert list(everything) == ["cursor", "reactionDetails"]
    assert [one["comment"] for one in everything["reactionDetails"]] == ["", "Yes"]
    assert likes["reactionDetails"] == everything["reactionDetails"][:1]
    assert rest["reactionDetails"] == everything["reactionDetails"][1:]
    assert likes["reactionDetails"][0] == {
        "reactionId": like["reactionId"],
        "userId": me,
        "lastModifiedTime": likes["cursor"],
        "reactionType": "Like",
        "comment": "",
    }


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"reactionType": "Comment"}, 400),
        ({"reactionType": "Comment", "comment": " "}, 400),
        ({"reactionType": "Comment", "comment": "a" * 4_001}, 400),
        ({"reactionType": "Wave"}, 400),
        ({"referenceId": "other", "reactionType": "Like"}, 404),
        ({"sourceGroupId": "other", "reactionType": "Like"}, 404),
    ],
)
async def test_what_is_no_reaction_is_refused(installation: Installation, asked: dict[str, str], status: int) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    body = {"referenceId": await message(installation, group, token=asha)} | asked

    answer = await installation.post(f"/v1/groups/{group}/reaction", body, token=asha)

    assert answer.status_code == status


@pytest.mark.parametrize("query", [{"cursor": "soon"}, {"cursor": "9" * 30}, {"reactionType": "Wave"}])
async def test_what_is_no_cursor_or_kind_is_refused(installation: Installation, query: dict[str, str]) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    reference = await message(installation, group, token=asha)

    answer = await installation.get(f"/v1/groups/{group}/reaction/{reference}", token=asha, **query)

    assert answer.status_code == 400


async def test_reactions_are_nobodys_business_outside_the_group(installation: Installation) -> None:
    asha, meera = await installation.sign_in(ASHA), await installation.sign_in(MEERA)
    group, other = await installation.group(asha), await installation.group(meera)
    reference = await message(installation, group, token=asha)
    path = f"/v1/groups/{group}/reaction"

    answers = [
        await installation.post(path, {"referenceId": reference, "reactionType": "Like"}, token=meera),
        await installation.get(f"{path}/summary", token=meera),
        await installation.get(f"{path}/{reference}/summary", token=meera),
        await installation.get(f"/v1/groups/{other}/reaction/{reference}", token=meera),
        await installation.get(f"/v1/groups/{other}/reaction/{reference}", token=meera, sourceGroupId=group),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
