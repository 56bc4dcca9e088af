"""Who is erased is named nowhere any more but in what others wrote."""

from pathlib import Path
from typing import Any

import apsw
import httpx

from tests.dialects.installation import ASHA, RAVI, Installation
from tests.workspace.files import png

NAME, PICTURE = "Ravindranath", "https://example.com/ravindranath.jpg"
OTHERS_TEXT = f"ask {NAME} on {RAVI}"
# An answer keeps it apart from its country code.
NUMBER = RAVI.removeprefix("+91")
FORM = [
    {"title": "Name", "type": "Text"},
    {"title": "Number", "type": "PhoneNumber"},
    {"title": "Written", "type": "Text"},
    {"title": "Colour", "type": "SingleOption", "options": [{"title": "Red"}]},
]
ANSWERS = [NAME, {"cc": "+91", "pn": NUMBER}, RAVI, "Red"]
BACK = "https://example.org/back"


class Town:
    """Asha's group and public group, in which Ravi does whatever one can do."""

    def __init__(self, installation: Installation) -> None:
        self.api = installation
        self.asha = self.ravi = self.group = self.form = ""

    async def live(self) -> None:
        self.asha = await self.api.sign_in(ASHA, name="Asha")
        self.ravi = await self.api.sign_in(RAVI, name=NAME)
        self.group = await self.api.group(self.asha, RAVI)
        path = f"/v1/groups/{self.group}"
        said = (await self.post(f"{path}/messages", {"message": OTHERS_TEXT}))["referenceId"]
        await self.ravis(f"{path}/messages", {"message": "good morning"})
        await self.ravis(f"{path}/reaction", {"referenceId": said, "reactionType": "Like"})
        await self.ravis("/v1/media", None, files={"files": ("yard.png", png(), "image/png")})
        await self._answer(path)
        await self._subscribe()

    async def _answer(self, path: str) -> None:
        survey = {"title": "S", "questions": FORM}
        self.form = await self._posted(path, {"actionType": "Survey", "actionBody": survey})
        secret = await self._posted(path, {"actionType": "Survey", "actionBody": survey | {"isAnonymous": True}})
        job = await self._posted(path, {"actionType": "Job", "actionBody": {"title": "J", "assignedTo": [RAVI]}})
        # What somebody calls themselves in secret is nobody's name.
        for action, answers in ((self.form, ANSWERS), (secret, [None, *ANSWERS[1:]])):
            await self.ravis(f"{path}/actions/{action}/responses", {"actionBody": {"Answers": answers}})
        await self.ravis(f"{path}/actions/{job}/responses", {"actionBody": {"isCompleted": True}})
        await self.ravis(f"{path}/actions", {"actionType": "Announcement", "actionBody": {"message": "fire drill"}})
        await self._posted(path, {"actionType": "Announcement", "actionBody": {"message": OTHERS_TEXT}})
        await self.post(f"{path}/actions/{self.form}/responses", {"actionBody": {"Answers": [None, None, OTHERS_TEXT]}})

    async def _subscribe(self) -> None:
        tenant = await self.api.tenant()
        public = {"name": "Town", "groupType": "ConnectGroup", "Admins": [ASHA]}
        town = (await self.api.post("/v1/groups", public, token=tenant)).json()["groupId"]
        await self.api.put(f"/v1/groups/{town}/subscribers/add", {"subscribers": [RAVI]}, token=self.asha)
        await self.post(f"/v1/groups/{town}/messages", {"message": "hello", "subscribers": [RAVI]})

    async def _posted(self, path: str, body: dict[str, Any]) -> str:
        return str((await self.post(f"{path}/actions", body))["actionId"])

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return _told(await self.api.post(path, body, token=self.asha))

    async def ravis(self, path: str, body: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        headers = {"accessToken": self.ravi}
        return _told(await self.api.http.post(path, json=body, headers=headers, **more))


def _told(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _dump(path: Path) -> dict[str, str]:
    """All that stands in the tables of a database, by table."""
    with apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608 - ours
    return {name: "\n".join(_text(value) for row in found for value in row) for name, found in rows.items()}


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


async def test_an_erased_person_is_named_nowhere_but_in_what_others_wrote(
    installation: Installation, tmp_path: Path
) -> None:
    town = Town(installation)
    await town.live()
    named = _named(_dump(tmp_path / "tidings.db"))

    await installation.parts.access.erase(RAVI, actor="test")

    # Before, they were named in each of these; the throttle of PINs knows the number, too.
    assert named == {"action", "event", "message", "person", "response", "throttle"}
    left = _dump(tmp_path / "tidings.db")
    assert _named(left) == {"action", "event", "message", "response"}
    assert _named({table: text.replace(f"ask {NAME} on ***", "") for table, text in left.items()}) == set()


async def test_what_an_erased_person_answered_stays_without_name_and_number(installation: Installation) -> None:
    town = Town(installation)
    await town.live()

    await installation.parts.access.erase(RAVI, actor="test")

    path = f"/v1/groups/{town.group}/actions/{town.form}"
    answer = await installation.get(path, token=town.asha, getDetails="true")
    [response] = [one for one in answer.json()["actionDetails"]["responses"] if not one["responder"]]
    asked = response["responseDetails"]["responseWithQuestions"]
    assert [one["answer"] for one in asked] == ["", {"cc": "+91", "pn": ""}, "", ["Red"]]
    assert (response["responder"], response["responderName"], response["fromUser"]) == ("", "", "")
    assert response["responderId"]


async def test_the_bots_of_an_erased_person_are_signed_out_too(installation: Installation) -> None:
    ravi = await installation.sign_in(RAVI, name=NAME)
    made = await installation.post("/v1/bot", {"Name": "Clerk"}, token=ravi)
    bot = made.json()["BotUserId"]
    token = (await installation.get(f"/v1/bot/accessToken/{bot}", token=ravi)).json()["accessToken"]
    before = await installation.get("/v1/groups", token=token)

    await installation.parts.access.erase(RAVI, actor="test")

    after = await installation.get("/v1/groups", token=token)
    [told] = (await installation.get("/v1/bot", token=await installation.tenant())).json()["Bots"]
    assert (before.status_code, after.status_code) == (200, 401)
    assert (told["BotUserId"], told["Creator"], told["CreatorName"], told["CreatorProfilePic"]) == (bot, "", "", "")
    assert told["CreatorId"]


def _named(tables: dict[str, str]) -> set[str]:
    return {table for table, text in tables.items() if NAME in text or NUMBER in text or PICTURE in text}
