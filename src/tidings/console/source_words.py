"""Source words: what to tell the sender, dialect by dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWords:
    """What a dialect is called, and what is to be done at the other end with the address and the secret."""

    title: str
    steps: Sequence[str]
    is_secret_in_url: bool = False


_SIGNED = "Give it the secret as its signing secret: every callback is signed with it, and what is not is turned away."
_BEARER = (
    "Have it send the secret with every callback: as `Authorization: Bearer SECRET`, or in the URL as `?token=SECRET`."
)
WORDS: Mapping[str, SourceWords] = {
    "kaizala": SourceWords(
        title="Kaizala, or another Tidings",
        steps=(
            "Make a webhook there with the address as callBackUrl, and the secret as callBackToken.",
            "The validation handshake is answered by itself, and every group, survey and job gets its tables.",
        ),
    ),
    "connectreport": SourceWords(
        title="ConnectReport",
        steps=(
            (
                "Give the report task the address as its callback. It ends in the secret, for ConnectReport can be told"
                " nothing else: keep it as you keep a password."
            ),
        ),
        is_secret_in_url=True,
    ),
    "standard": SourceWords(
        title="Standard Webhooks (Svix and others)",
        steps=("Give the sender the address as its endpoint.", _SIGNED),
    ),
    "cloudevents": SourceWords(title="CloudEvents", steps=("Give the sender the address as its sink.", _BEARER)),
    "raw": SourceWords(
        title="Any JSON",
        steps=("Have the sender POST its JSON to the address.", _BEARER),
    ),
    "github": SourceWords(
        title="GitHub",
        steps=(
            (
                "In the repository: Settings, Webhooks, Add webhook. Payload URL is the address, content type"
                " application/json."
            ),
            "Secret is the secret; choose the events, and save.",
        ),
    ),
    "stripe": SourceWords(
        title="Stripe",
        steps=(
            "In the dashboard: Developers, Webhooks, Add endpoint, with the address.",
            "Stripe makes the signing secret itself (whsec_…): make the source with that one.",
        ),
    ),
}


def words_for(dialect: str) -> SourceWords:
    """What is said of a dialect; of one that is not known here, what is true of all."""
    return WORDS.get(dialect) or SourceWords(
        title=dialect, steps=("Give the sender the address and the secret, as it asks for them.",)
    )
