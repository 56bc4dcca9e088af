"""The console put together: its areas, and the door that leads to them."""

from collections.abc import Sequence

from tidings.console.assets import Assets
from tidings.console.design import DesignPages
from tidings.console.door import ConsoleDoor
from tidings.console.home import Home
from tidings.console.offers import Offers
from tidings.console.page import Pages
from tidings.console.place import Place
from tidings.console.session_cookie import SessionCookie
from tidings.console.sessions import SessionPages
from tidings.console.sign_in import SignIn
from tidings.web.page import Page as WebPage
from tidings.web.peer import Proxies


class Console:
    """Everything under `/console`."""

    def __init__(self, offers: Offers, *, proxies: Proxies) -> None:
        is_secure = offers.public_url.startswith("https:")
        self._assets = Assets()
        self._paths: frozenset[str] = frozenset()
        self._pages = Pages(self._assets, clock=offers.clock, is_secure=is_secure, has=lambda path: path in self._paths)
        cookie = SessionCookie(is_secure=is_secure)
        self._home = Home(offers, self._pages)
        areas = (
            self._home,
            SignIn(offers, cookie),
            SessionPages(offers),
            DesignPages(offers),
        )
        self.places: Sequence[Place] = [place for area in areas for place in area.places()]
        self._paths = frozenset(place.path for place in self.places)
        self._door = ConsoleDoor(
            self.places,
            pages=self._pages,
            entrance=offers.entrance,
            cookie=cookie,
            proxies=proxies,
            public_url=offers.public_url,
        )

    def pages(self) -> Sequence[WebPage]:
        """What the server's door leads to."""
        return [
            *self._door.pages(),
            WebPage(
                path="/console/static/{hash}/{name}",
                name="console",
                summary="A file that pages load",
                endpoint=self._assets.serve,
            ),
        ]

    def close(self) -> None:
        """End what goes on for as long as somebody looks."""
        self._home.live.close()
