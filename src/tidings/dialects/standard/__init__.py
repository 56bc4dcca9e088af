"""Forms for applications' own events: Standard Webhooks, CloudEvents, and the bare data."""

from tidings.dialects.standard.bare import Bare
from tidings.dialects.standard.cloud_events import CloudEvents
from tidings.dialects.standard.cloud_events_reader import CloudEventsReader
from tidings.dialects.standard.raw_reader import RawReader
from tidings.dialects.standard.standard_reader import StandardReader
from tidings.dialects.standard.standard_webhooks import StandardWebhooks

DIALECTS = (StandardWebhooks(), CloudEvents(), Bare())
READERS = (StandardReader(), CloudEventsReader(), RawReader())
DEFAULT_FOR: dict[str, str] = {}  # what nobody else speaks for gets `standard` anyway
