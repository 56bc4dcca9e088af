"""How a page is looked at: its width and theme, and what must be true of it in all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import product
from typing import Any, Literal

import pytest
from playwright.async_api import Page

HEIGHT = 800
_OF_COLOURS = ("color-contrast",)
# Style sheets hide and show by width, and let scroll what was whole.
_OF_WIDTH = (*_OF_COLOURS, "scrollable-region-focusable", "link-name", "button-name", "label", "aria-hidden-focus")
# Without types, so that its file alone is taken: axe-core, which judges whether everybody can use a page.
_AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
_MATTERS = {"serious", "critical"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A window so many CSS pixels wide, of somebody who likes it light or dark."""

    width: int = 1280
    theme: Literal["light", "dark"] = "light"

    def __str__(self) -> str:
        return f"{self.width}-{self.theme}"


_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LOOKS = [Look(width=width, theme=theme) for width, theme in product((360, 1280), _THEMES)]
# Where most goes wrong; test_console_pages looks at every page in every look.
narrow = pytest.mark.parametrize("look", [Look(width=360)], ids=str, indirect=True)
every_width = pytest.mark.parametrize("look", [Look(width=360), Look()], ids=str, indirect=True)


async def barriers(page: Page, *, rules: Sequence[str] = ()) -> list[str]:
    """What keeps people from using the page: serious and critical findings of axe, each with its places.

    Without `rules` all of axe's are asked.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_AXE)
    asked = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found: dict[str, Any] = await page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:200] for node in one['nodes'][:5]]}"
        for one in found["violations"]
        if one["impact"] in _MATTERS
    ]


async def overflowing(page: Page) -> list[str]:
    """What stands out of the window on the right, so that the page scrolls sideways: nothing may."""
    found: list[str] = await page.evaluate(
        """() => document.scrollingElement.scrollWidth <= innerWidth ? [] : [...document.body.querySelectorAll('*')]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
            .map(one => one.outerHTML.slice(0, 120)).slice(0, 10).concat('the page')"""
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
    """What is wrong with a page, look by look; of axe's rules all are asked once, then those that looks are about."""
    found = []
    for look in LOOKS:
        await page.set_viewport_size({"width": look.width, "height": HEIGHT})
        await page.emulate_media(color_scheme=look.theme)
        rules = () if look == LOOKS[0] else _OF_COLOURS if look.theme == "dark" else _OF_WIDTH
        found += [f"{look}: {one}" for one in [*await barriers(page, rules=rules), *await overflowing(page)]]
    return found
