"""Metrics: `/metrics` for Prometheus, made from plain numbers at the moment when somebody asks."""

import inspect
import itertools
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from tidings.core.errors import TidingsError
from tidings.core.histogram import Histogram
from tidings.web.openapi import answer
from tidings.web.page import Page

log = logging.getLogger(__name__)

Numbers = float | Mapping[str, float]


class Kind(StrEnum):
    """What a number does."""

    COUNTER = "counter"  # only ever grows
    GAUGE = "gauge"  # goes up and down


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number, or with `label` one for each of its values. Names begin with `tidings_`; counters end in `_total`."""

    name: str
    meaning: str
    read: Callable[[], Numbers | Awaitable[Numbers]]
    kind: Kind = Kind.COUNTER
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long something took; told in seconds, as is the custom, though counted in milliseconds."""

    name: str
    meaning: str
    histogram: Histogram


class _Snapshot(Collector):
    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def metrics_page(*, version: str, figures: Sequence[Figure], latencies: Sequence[Latency], process: str = "") -> Page:
    """The page. A figure that cannot be had just now (the store is away) is left out; the others are told.

    `process` names which of those at this port is asked, for each counts for itself.
    """

    async def told(_: Request) -> Response:
        families: list[Metric] = [GaugeMetricFamily("tidings_build_info", "Which Tidings this is.", labels=["version"])]
        families[0].add_sample("tidings_build_info", {"version": version}, 1)
        families += [family for figure in figures if (family := await _figure(figure)) is not None]
        families += map(_latency, latencies)
        registry = CollectorRegistry(auto_describe=False)
        if process:
            for family in families:
                family.samples = [one._replace(labels=one.labels | {"process": process}) for one in family.samples]
        registry.register(_Snapshot(families))
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    text = answer("The figures as they are now", {"type": "string"}, kind="text/plain")
    return Page(
        path="/metrics",
        name="metrics",
        summary="Figures for Prometheus",
        endpoint=told,
        operation={"responses": {"200": text}},
        tag="Operating",
    )


async def _figure(figure: Figure) -> Metric | None:
    try:
        numbers = figure.read()
        if inspect.isawaitable(numbers):
            numbers = await numbers
    except TidingsError as error:
        log.warning("metrics.left_out name=%s error=%r", figure.name, error.message)
        return None
    shape = CounterMetricFamily if figure.kind is Kind.COUNTER else GaugeMetricFamily
    family = shape(figure.name, figure.meaning, labels=[figure.label] if figure.label else [])
    for value, number in numbers.items() if isinstance(numbers, Mapping) else [("", numbers)]:
        family.add_metric([value] if figure.label else [], number)
    return family


def _latency(latency: Latency) -> Metric:
    histogram = latency.histogram
    bounds = [*(str(bound / 1_000) for bound in histogram.bounds), "+Inf"]
    family = HistogramMetricFamily(latency.name, latency.meaning)
    buckets = list(zip(bounds, itertools.accumulate(histogram.counts), strict=True))
    family.add_metric([], buckets, histogram.total / 1_000)
    return family
