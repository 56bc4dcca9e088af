"""Sampling: which event a webhook gets when its owner asks for a test."""

from collections.abc import Mapping

import msgspec

from tidings.core.errors import Invalid
from tidings.core.event import ANY, Event, Subject
from tidings.core.subscription import Subscription


def sample_for(subscription: Subscription, samples: Mapping[str, Event], *, wanted: str | None = None) -> Event:
    """A sample of the wanted type, or of the first that the webhook hears, about the webhook's own object.

    A type without a sample gets the data `{"test": true}`. Raises Invalid if the webhook does not hear the wanted one.
    """
    types = subscription.types
    if wanted is not None and not types.match(wanted):
        raise Invalid(f"eventType: this webhook does not hear {wanted[:128]}; it hears {', '.join(types.names)}")
    kind = subscription.subject.kind
    # What can be about such a subject comes first: whoever hears everything of a group is not sent a report's run.
    known = sorted(samples, key=lambda one: all(subject.kind != kind for subject in samples[one].subjects))
    name = wanted or next((name for name in (*types.names, *known) if name in samples and types.match(name)), None)
    if name is None:
        name = types.names[0].replace(ANY, "test")
    subject = subscription.subject
    sample = samples.get(name) or Event(
        type=name, subjects=(Subject(subject.kind, "test"),), data=b'{"test":true}', at=0
    )
    if subject.id != ANY:
        others = [one for one in sample.subjects if one.kind != subject.kind]
        sample = msgspec.structs.replace(sample, subjects=(subject, *others))
    # A receiver that remembers the ids of events must not take the second test for a duplicate of the first.
    return msgspec.structs.replace(sample, wire_id="")
