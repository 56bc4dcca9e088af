"""Action packages over HTTP."""

import pytest

from tests.dialects.installation import ASHA, RAVI, Installation

QUESTIONS = [
    {"title": "Shop", "type": "singleOption", "options": [{"title": "North"}, "South"]},
    {"title": "Asked", "type": "Date", "isInvisible": "true"},
]
TOLD = {
    "packageId": "com.example.order",
    "actionPackageId": "com.example.order",
    "version": 1,
    "name": "Order",
    "questions": [
        {
            "title": "Shop",
            "type": "SingleOption",
            "options": [{"title": "North"}, {"title": "South"}],
            "isInvisible": False,
        },
        {"title": "Asked", "type": "DateTime", "options": [], "isInvisible": True},
    ],
    "properties": [{"name": "state", "type": "Text", "value": "open"}],
    "acceptMultipleResponses": False,
    "isAnonymous": True,
    "isSenderOnly": False,
}


async def test_a_package_is_made_and_shown(installation: Installation) -> None:
    asha, ravi = await installation.sign_in(ASHA), await installation.sign_in(RAVI)
    package = {
        "Id": "com.example.order",
        "name": "Order",
        "questions": QUESTIONS,
        "properties": [{"name": "state", "value": "open"}],
        "acceptMultipleResponses": "false",
        "isAnonymous": "True",
    }

    made = await installation.post("/v1/actionPackages", package, token=asha)

    assert made.status_code == 200, made.text
    assert made.json() | TOLD == made.json()
    for path in ("com.example.order", "com.example.order.1"):
        assert (await installation.get(f"/v1/actionPackages/{path}", token=ravi)).json() == made.json()


async def test_versions_are_listed_page_by_page(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    for name in ("order", "order", "visit.3"):
        package = {"id": f"com.example.{name}", "questions": QUESTIONS}
        assert (await installation.post("/v1/actionPackages", package, token=asha)).status_code == 200

    names, cursor = [], ""
    for _ in range(4):
        page = (await installation.get("/v1/actionPackages", token=asha, limit="1", cursor=cursor)).json()
        names += [(one["packageId"], one["actionPackageId"], one["version"]) for one in page["actionPackages"]]
        cursor = page.get("cursor", "")

    assert names == [
        ("com.example.order", "com.example.order", 1),
        ("com.example.order.2", "com.example.order", 2),
        ("com.example.visit.3", "com.example.visit", 3),
    ]


@pytest.mark.parametrize(
    ("package", "status", "message"),
    [
        ({}, 400, "id: is missing"),
        ({"id": "com.example.order"}, 400, "questions: is missing"),
        ({"id": "com.example.order", "questions": []}, 400, "questions: "),
        ({"id": "com.example.order", "questions": [{"title": "x", "type": "Sum"}]}, 400, "questions[0].type: "),
        ({"id": "com example", "questions": QUESTIONS}, 400, "id: "),
        ({"id": "com.tidings.survey", "questions": QUESTIONS}, 409, "id: "),
    ],
)
async def test_what_is_no_package_is_refused(
    installation: Installation, package: object, status: int, message: str
) -> None:
    answer = await installation.post("/v1/actionPackages", package, token=await installation.sign_in(ASHA))

    assert answer.status_code == status, answer.text
    assert answer.json()["message"].startswith(message)


async def test_a_package_that_nobody_made_is_not_there(installation: Installation) -> None:
    answer = await installation.get("/v1/actionPackages/com.example.none", token=await installation.sign_in(ASHA))

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "NotFound")


async def test_a_cursor_that_no_list_made_is_refused(installation: Installation) -> None:
    answer = await installation.get("/v1/actionPackages", token=await installation.sign_in(ASHA), cursor="a b")

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("cursor: ")
