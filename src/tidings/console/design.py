"""Design: one page that shows every component."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.clock import DAY, HOUR, MINUTE
from tidings.core.errors import Invalid
from tidings.dashboards.charts import bars, drawable
from tidings.dashboards.drawing import Picture

_ANSWERS = [{"value": "Idli <b>&</b> dosa", "count": 12}, {"value": "Poha", "count": 7}, {"value": "None", "count": 3}]
_WRONG = Invalid("broken: is no URL; write one that begins with https://")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    text: str
    values: tuple[int, ...]


class DesignPages:
    """For whoever builds pages, and for whoever looks whether they still are as they should be."""

    def __init__(self, offers: Offers) -> None:
        self._clock = offers.clock
        self._drawing = offers.drawing
        self._spec = drawable(bars("What do you want for breakfast?", rows=len(_ANSWERS)), _ANSWERS)

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/components", does=self._show, needs=Right.BE_ONESELF),
            Place(path="/components/chart.json", does=self._chart, needs=Right.BE_ONESELF),
            Place(path="/components/chart.svg", does=self._picture, needs=Right.BE_ONESELF),
        ]

    async def _show(self, visit: Visit) -> Response:
        steps = [_Bar(text=f"step {one}", values=((one * 7) % 23, (one * 3) % 5)) for one in range(48)]
        return visit.page(
            "design/components.html",
            error=_WRONG,
            status=200,
            now=self._clock.now(),
            hour=HOUR,
            minute=MINUTE,
            day=DAY,
            example_bars=steps,
        )

    async def _chart(self, visit: Visit) -> Response:
        return visit.data(msgspec.json.encode(self._spec), "application/json")

    async def _picture(self, visit: Visit) -> Response:
        return visit.data(await self._drawing.draw(self._spec, Picture.SVG), "image/svg+xml")
