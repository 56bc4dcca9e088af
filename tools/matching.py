"""Finds who wants an event among very many webhooks, and prints what that costs: `python -m tools.matching`."""

import gc
import random
import time
import tracemalloc

import click

from tidings.core.clock import DAY
from tidings.core.event import Event, Subject
from tidings.core.matching import Index
from tidings.core.pattern import compile_types
from tidings.core.subscription import Subscription

# Events of a round, and rounds, of which the fastest is told.
_EVENTS, _ROUNDS = 10_000, 10
_MB = 1 << 20


def subscription(number: int) -> Subscription:
    """One that wants what happens to a subject of its own."""
    return Subscription(
        number=number,
        id=f"webhook-{number}",
        subject=_subject(number),
        types=compile_types(["order.*"]),
        url=f"https://receiver-{number}.example.com/callbacks",
        format="standard",
        expires_at=DAY,
    )


def matched_us(index: Index, *, among: int) -> float:
    """Processor time for an event whose subject one of them has."""
    chance = random.Random(7)  # noqa: S311 - the same in each run
    subjects = [_subject(chance.randrange(among)) for _ in range(_EVENTS)]
    events = [Event(type="order.paid", subjects=(subject,), data=b"{}", at=0) for subject in subjects]
    best = float("inf")
    for _ in range(_ROUNDS):
        used = time.process_time()
        for event in events:
            index.matches(event)
        best = min(best, time.process_time() - used)
    return best / _EVENTS * 1e6


def _subject(number: int) -> Subject:
    return Subject(kind="Application", id=f"subject-{number}")


@click.command(help=__doc__)
@click.option("--webhooks", default=100_000, show_default=True, type=click.IntRange(min=1))
def main(*, webhooks: int) -> None:
    """Measure and print."""
    gc.freeze()
    tracemalloc.start()
    those = [subscription(number) for number in range(webhooks)]
    alone = tracemalloc.get_traced_memory()[0]
    index = Index()
    index.take(1, those)
    both = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    used = time.process_time()
    Index().take(1, those)
    built = time.process_time() - used
    click.echo(f"{webhooks:,} webhooks: {alone / _MB:,.0f} MB, their index {(both - alone) / _MB:,.0f} MB more")
    click.echo(f"the index is made in {built:.2f} s, and a match takes {matched_us(index, among=webhooks):.1f} us")


if __name__ == "__main__":
    main()
