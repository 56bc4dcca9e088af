"""Where the pages of the settings are, and what tests of them write and look for."""

import re

from tests.console.house import ConsoleHouse

EVIL = "<img src=x onerror=alert(1)>"
PEOPLE = "/console/settings/people"
CONNECTORS = "/console/settings/connectors"
AUDIT = "/console/settings/audit"
NUMBER = "+910000011111"
LINK = re.compile(r"http://127\.0\.0\.1:\d+(/console/first/[\w-]+)")
KEY = re.compile(r"td[kr]_[\w-]{43}")


async def actions(house: ConsoleHouse) -> list[tuple[str, str]]:
    return [(one.actor, one.action) for one in await house.parts.access.audit_entries(most=100)]
