"""Work: the webhooks of a soak, which events each hears, and how its endpoint behaves."""

from dataclasses import dataclass

APPLICATION = "soak"
# Characters of text in an event.
PAYLOAD = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A webhook that hears every `step`th event, from number `first` on; `types` are its event types.

    `failing` in a hundred of its callbacks are refused once, and all of them in a storm; answers take up to `late_ms`.
    """

    name: str
    types: str
    first: int = 0
    step: int = 1
    failing: int = 0
    late_ms: int = 0
    is_stormy: bool = False
    is_dead: bool = False


# Shares: so few are late that 64 at once, which is what a webhook gets, carry them at 5,000 events a second.
HOOKS = (
    Hook(name="steady", types="soak.*"),
    Hook(name="failing", types="soak.failing", first=1, step=10, failing=10, is_stormy=True),
    Hook(name="late", types="soak.late", first=2, step=100, late_ms=1_000),
    Hook(name="dead", types="soak.dead", first=3, step=100, is_dead=True),
)
HEARING = tuple(hook for hook in HOOKS if not hook.is_dead)


def type_of(number: int) -> str:
    """The type of an event: that of the webhook that hears it besides the steady one."""
    return next((hook.types for hook in HOOKS[1:] if number % hook.step == hook.first), "soak.plain")
