"""Signing in to the console, as tests in a browser need it."""

import itertools

from playwright.async_api import Page

from tidings.app.serve import Served
from tidings.console.rights import Role
from tidings.core.event import Actor

_numbers = itertools.count(100_000)


async def sign_in(page: Page, site: Served, role: Role, *, name: str = "Asha Verma") -> Actor:
    """Somebody new of that role, signed in, on the first page of the console."""
    phone = f"+91{next(_numbers):010}"
    person = await site.parts.access.create_person(phone, actor="test", name=name)
    if role is not Role.MEMBER:
        await site.parts.entrance.give_role(person.id, role, actor="test")
    link = await site.parts.entrance.link(actor="test", phone=phone)
    await page.goto(f"{site.url}console/first/{link}")
    return person
