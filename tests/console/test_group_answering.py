"""Answers to what was posted to a group: given, changed, refused at the field, and shown to whom they are for."""

from tests.console.group_house import KINDS, make_group, post, send
from tests.console.house import ConsoleHouse
from tests.workspace.files import png
from tidings.console.rights import Role

PDF = b"%PDF-1.4\n%%EOF\n"


async def test_a_job_is_done_by_whom_it_is_assigned_to(house: ConsoleHouse) -> None:
    asha, bina = await house.person(Role.MEMBER, name="Asha"), await house.person(Role.MEMBER, name="Bina")
    group = await make_group(asha, members=bina.person.phone)
    form = {"title": "Lock the gate", "assigned": bina.person.phone, "due": "24"}

    address = (await post(asha, group, "job", form)).headers["location"]
    assert "Bina" in (await asha.get(address)).text
    answer = await bina.post(f"{address}/responses", {"done": "yes"})

    assert answer.status_code == 303
    assert "It is done" not in (await asha.get(address)).text
    assert 'data-label="Done"><span class="said">Done' in (await asha.get(address)).text
    refused = await asha.post(f"{address}/responses", {"done": "yes"})
    assert refused.status_code == 403


async def test_an_answer_is_given_changed_and_summed_up(house: ConsoleHouse) -> None:
    asha, bina = await house.person(Role.MEMBER, name="Asha"), await house.person(Role.MEMBER, name="Bina")
    group = await make_group(asha, members=bina.person.phone)
    address = await send(asha, group, "survey")

    first = await bina.post(f"{address}/responses", {"answer-0": "Bad", "answer-1": "It rained"})
    changed = await bina.get(address)
    second = await bina.post(f"{address}/responses", {"answer-0": "Good", "answer-1": "It stopped"})

    assert (first.status_code, second.status_code) == (303, 303)
    assert "Change your answer" in changed.text
    assert 'value="Bad" checked' in changed.text
    page = (await asha.get(address)).text
    assert "It stopped" in page
    assert "It rained" not in page
    assert "1 answer" in page


async def test_a_required_question_that_is_left_open_is_told_of_at_its_field(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    address = await send(asha, group, "survey")

    answer = await asha.post(f"{address}/responses", {"answer-0": "Good", "answer-1": " "})

    assert answer.status_code == 422
    assert 'id="answer-1-error"' in answer.text
    assert "this one is required" in answer.text
    assert 'value="Good" checked' in answer.text


async def test_each_type_of_question_takes_its_answer(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    types = (
        "SingleOption MultiOption Text LargeText Numeric DateTime DateOnly Location Image AttachmentList PhoneNumber"
    )
    form: dict[str, str | list[str]] = {"title": "Everything", "due": "24", "row": []}
    for key, type_ in enumerate(types.split()):
        form |= {f"q{key}-title": f"A {type_}", f"q{key}-type": type_, f"q{key}-options": "Left\nRight"}
    form["row"] = [str(key) for key in range(len(types.split()))]
    address = (await post(asha, group, "survey", form)).headers["location"]
    answers: dict[str, str | list[str]] = {
        "answer-0": "Left",
        "answer-1": ["Left", "Right"],
        "answer-2": "short",
        "answer-3": "long",
        "answer-4": "12.5",
        "answer-5": "2030-01-31T09:30",
        "answer-6": "1999-12-31",
        "answer-7-n": "Gate 4",
        "answer-7-lt": "12.97",
        "answer-7-lg": "77.59",
        "answer-10": "+910000000042",
    }
    files = {"answer-8": ("dot.png", png(), "image/png"), "answer-9": ("notes.pdf", PDF, "application/pdf")}

    answer = await asha.post(f"{address}/responses", answers, files=files)

    assert answer.status_code == 303, answer.text
    page = (await asha.get(address)).text
    for shown in ("Left, Right", "12.5", "2030-01-31 09:30", "1999-12-31", "Gate 4 (12.97, 77.59)", "dot.png"):
        assert shown in page, shown
    assert "+910000000042" in page
    # Sent again without files, those of before stay.
    answer = await asha.post(f"{address}/responses", answers)
    assert answer.status_code == 303, answer.text
    page = (await asha.get(address)).text
    assert "dot.png" in page
    assert "changed" in page


async def test_a_file_of_a_kind_that_is_not_taken_is_told_of_at_its_question(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    form: dict[str, str | list[str]] = {
        "title": "Look",
        "row": "0",
        "q0-title": "Gate",
        "q0-type": "Image",
        "due": "24",
    }
    address = (await post(asha, group, "survey", form)).headers["location"]

    answer = await asha.post(f"{address}/responses", files={"answer-0": ("a.exe", b"MZ", "image/png")})

    assert answer.status_code == 422
    assert 'id="answer-0-error"' in answer.text


async def test_a_closed_survey_takes_no_answer_until_it_is_opened(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    address = await send(asha, group, "survey")

    await asha.post(f"{address}/state", {"state": "closed"})
    assert "Send your answer" not in (await asha.get(address)).text
    assert (await asha.post(f"{address}/responses", {"answer-1": "late"})).status_code == 409

    await asha.post(f"{address}/state", {"state": "open"})
    assert (await asha.post(f"{address}/responses", {"answer-1": "in time"})).status_code == 303


async def test_answers_for_the_author_alone_are_shown_to_nobody_else(house: ConsoleHouse) -> None:
    asha, bina, cyd = [await house.person(Role.MEMBER, name=name) for name in ("Asha", "Bina", "Cyd")]
    group = await make_group(asha, members=f"{bina.person.phone},{cyd.person.phone}")
    form = KINDS["survey"] | {"who_sees": "Sender", "anonymous": "on"}
    address = (await post(asha, group, "survey", form)).headers["location"]

    await bina.post(f"{address}/responses", {"answer-1": "between us"})

    assert "between us" in (await asha.get(address)).text
    assert "Bina" not in (await asha.get(address)).text
    assert "between us" in (await bina.get(address)).text
    assert "between us" not in (await cyd.get(address)).text
