"""How a page is looked at: its width and theme, and what must be true of it in all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import product
from typing import Any, Literal

import pytest
from playwright.async_api import Page

HEIGHT, NARROW = 800, 360
# Without types, so that its file alone is taken: axe-core, which judges whether everybody can use a page.
_AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
# What axe is to look for, in its own words.
Asked = Mapping[str, Any]
_EVERYTHING: Asked = {}
_MATTERS = {"serious", "critical"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A window so many CSS pixels wide, of somebody who likes it light or dark."""

    width: int = 1280
    theme: Literal["light", "dark"] = "light"

    def __str__(self) -> str:
        return f"{self.width}-{self.theme}"


_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS = [Look(width=width, theme=theme) for width, theme in product((NARROW, 1280), _THEMES)]
_COLOURS = "color-contrast"
_ASKED: dict[Look, Asked] = {
    Look(width=NARROW): {"rules": {_COLOURS: {"enabled": False}}},
    Look(theme="dark"): {"runOnly": [_COLOURS]},
}
# Where most goes wrong; test_console_pages looks at every page in every look.
narrow = pytest.mark.parametrize("look", [Look(width=NARROW)], ids=str, indirect=True)
every_width = pytest.mark.parametrize("look", [Look(width=NARROW), Look()], ids=str, indirect=True)


async def barriers(page: Page, *, asked: Asked = _EVERYTHING) -> list[str]:
    """What keeps people from using the page: serious and critical findings of axe, each with its places."""
    await page.wait_for_load_state()  # a click waits until the next page begins, not until all of it is there
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_AXE)
    found: dict[str, Any] = await page.evaluate(
        "asked => axe.run(document, asked)", {"resultTypes": ["violations"], **asked}
    )
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:5]]}"
        for one in found["violations"]
        if one["impact"] in _MATTERS
    ]


async def overflowing(page: Page) -> list[str]:
    """What stands out of the window on the right, so that the page scrolls sideways, or out of a row of tabs."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('.tabs')].filter(one => one.scrollWidth > one.clientWidth)
            .map(one => one.outerHTML.slice(0, 120))
            .concat(document.scrollingElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll('*')]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
            .map(one => one.outerHTML.slice(0, 120)).slice(0, 10).concat('the page'))"""
    )
    return found


async def is_usable(page: Page) -> None:
    """Fail if the page cannot be used by everybody, or does not fit into its window."""
    assert not (found := await barriers(page)), "\n".join(found)
    assert not (found := await overflowing(page)), "\n".join(found)


async def is_usable_in_every_look(page: Page) -> None:
    """The same at both widths and in both themes. The window changes, and nothing is loaded again."""
    assert not (found := await faults(page)), "\n".join(found)


async def faults(page: Page) -> list[str]:
    """What is wrong with a page, look by look. Colours, which take axe longest, are judged where most is to be seen."""
    found = []
    for look in LOOKS:
        await page.set_viewport_size({"width": look.width, "height": HEIGHT})
        await page.emulate_media(color_scheme=look.theme)
        wrong = await overflowing(page)
        if look.width > NARROW or look.theme == "light":
            wrong += await barriers(page, asked=_ASKED.get(look, _EVERYTHING))
        found += [f"{look}: {one}" for one in wrong]
    return found


async def open_all(page: Page) -> None:
    """Open whatever is folded."""
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
