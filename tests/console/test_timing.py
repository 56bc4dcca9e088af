"""Timing: whoever looks into their browser's tools sees what of the waiting was the server's."""

import re

from tests.console.house import ConsoleHouse
from tidings.console.rights import Role


async def test_each_answer_says_how_long_the_server_took(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    answers = [
        await reader.get("/console/events"),
        await reader.get("/console/events", htmx=True),
        await reader.get("/console/nowhere"),
        await house.stranger.get("/console/events"),
        await house.stranger.get("/portal"),
    ]

    for answer in answers:
        assert re.fullmatch(r"page;dur=\d+\.\d", answer.headers["server-timing"])
