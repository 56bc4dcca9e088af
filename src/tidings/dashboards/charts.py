"""Charts: Vega-Lite specs, whose data stands beside them under the name `table`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
# What a spec calls its data; whoever draws it puts the values there.
DATA = "table"
_WIDE, _HIGH, _ROW = 480, 240, 22
# Fewer and a histogram says little; more and a bar is a line.
_BINS = 20
# Degrees. One point alone has a map around it, too.
_LEAST_SPAN = 0.05

Spec = dict[str, Any]
Row = dict[str, Any]


def drawable(spec: Mapping[str, Any], data: Sequence[Row]) -> Spec:
    """A spec that holds its data."""
    return {**spec, "data": {"name": DATA, "values": list(data)}}


def figure(title: str) -> Spec:
    """One number: `count`."""
    encoding = {"text": {"field": "count", "type": "quantitative", "format": ","}}
    return _spec(title, mark={"type": "text", "fontSize": 48}, encoding=encoding, height=80)


def bars(title: str, *, rows: int) -> Spec:
    """What was chosen how often: `value`, `count`, in the order of the data."""
    encoding = {
        "y": {"field": "value", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 200}},
        "x": _counted(),
        "tooltip": _tips(("value", "nominal"), ("count", "quantitative")),
    }
    return _spec(title, mark="bar", encoding=encoding, height=_ROW * max(rows, 1))


def timeline(title: str, *, unit: str) -> Spec:
    """How many in each `unit` (hour, day or week) of UTC: `at` in epoch milliseconds, `until` its end, `count`."""
    encoding = {
        "x": {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "title": f"by {unit}, UTC"},
        "x2": {"field": "until"},
        "y": _counted(),
        "y2": {"datum": 0},
        "tooltip": [
            {"field": "at", "type": "temporal", "scale": {"type": "utc"}, "format": "%Y-%m-%d %H:%M"},
            {"field": "count", "type": "quantitative"},
        ],
    }
    return _spec(title, mark={"type": "rect", "stroke": "white", "strokeWidth": 0.5}, encoding=encoding)


def histogram(title: str) -> Spec:
    """How many numbers from `least` up to `below`: `count`."""
    encoding = {
        "x": {"field": "least", "type": "quantitative", "bin": {"binned": True}, "title": None},
        "x2": {"field": "below"},
        "y": _counted(),
        "tooltip": _tips(("least", "quantitative"), ("below", "quantitative"), ("count", "quantitative")),
    }
    return _spec(title, mark="bar", encoding=encoding)


def places(title: str, data: Sequence[Row]) -> Spec:
    """Where, as points whose size is how many: `latitude`, `longitude`, `count`; a kilometre is as long both ways."""
    west, east = _extent([row["longitude"] for row in data])
    south, north = _extent([row["latitude"] for row in data])
    middle = (south + north) / 2
    shrink = max(math.cos(math.radians(min(abs(middle), 80.0))), 0.1)
    span = max(north - south, (east - west) * shrink, _LEAST_SPAN) * 1.1
    around = (west + east) / 2
    encoding = {
        "x": _degrees("longitude", around, span=span / shrink),
        "y": _degrees("latitude", middle, span=span),
        "size": {"field": "count", "type": "quantitative", "legend": None, "scale": {"range": [20, 400]}},
        "tooltip": _tips(("latitude", "quantitative"), ("longitude", "quantitative"), ("count", "quantitative")),
    }
    mark = {"type": "circle", "opacity": 0.6, "clip": True}
    return _spec(title, mark=mark, encoding=encoding, width=360, height=360)


def texts(title: str, *, rows: int) -> Spec:
    """What was written last: `number` from 1, `at` in epoch milliseconds, `text`."""
    row = {"field": "number", "type": "ordinal", "axis": None}
    at = {"field": "at", "type": "temporal", "timeUnit": "utcyearmonthdatehoursminutes", "format": "%Y-%m-%d %H:%M"}
    layers = [
        {"mark": {"type": "text", "align": "left", "x": 0, "color": "gray"}, "encoding": {"y": row, "text": at}},
        {
            "mark": {"type": "text", "align": "left", "x": 110, "limit": _WIDE - 110},
            "encoding": {"y": row, "text": {"field": "text", "type": "nominal"}},
        },
    ]
    return _whole(title, width=_WIDE, height=_ROW * max(rows, 1)) | {"layer": layers}


def binned(buckets: Mapping[float, int]) -> list[Row]:
    """Numbers and how often each stands there, in bins of equal and round width."""
    if not buckets:
        return []
    least, greatest = min(buckets), max(buckets)
    width = _round_up((greatest - least) / _BINS)
    found: dict[int, int] = {}
    for value, number in buckets.items():
        bin_ = math.floor(value / width + 1e-9)
        found[bin_] = found.get(bin_, 0) + number
    return [
        {"least": _neat(bin_ * width), "below": _neat((bin_ + 1) * width), "count": number}
        for bin_, number in sorted(found.items())
    ]


def _round_up(width: float) -> float:
    """1, 2 or 5 times a power of ten."""
    if width <= 0 or not math.isfinite(width):
        return 1.0 if width <= 0 else 1e308
    power = 10.0 ** math.floor(math.log10(width))
    return next((times * power for times in (1, 2, 5) if times * power >= width), 10 * power)


def _neat(value: float) -> float:
    return float(f"{value:.12g}")


def _extent(values: Sequence[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (0.0, 0.0)


def _degrees(field: str, middle: float, *, span: float) -> Spec:
    domain = [middle - span / 2, middle + span / 2]
    scale = {"domain": domain, "zero": False, "nice": False}
    return {"field": field, "type": "quantitative", "scale": scale, "title": f"{field}, degrees"}


def _counted() -> Spec:
    return {"field": "count", "type": "quantitative", "title": None, "axis": {"tickMinStep": 1}}


def _tips(*fields: tuple[str, str]) -> list[Spec]:
    return [{"field": name, "type": kind} for name, kind in fields]


def _spec(title: str, *, mark: str | Spec, encoding: Spec, width: int = _WIDE, height: int = _HIGH) -> Spec:
    return _whole(title, width=width, height=height) | {"mark": mark, "encoding": encoding}


def _whole(title: str, *, width: int, height: int) -> Spec:
    return {
        "$schema": SCHEMA,
        # In a list, a title that holds no line break stays one whatever signs it has.
        "title": {"text": [title[:200]], "anchor": "start"},
        "data": {"name": DATA},
        "width": width,
        "height": height,
    }
