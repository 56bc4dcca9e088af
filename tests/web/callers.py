"""Callers: who sends requests in these tests, and the headers that they send."""

from tidings.access.scope import GRANTED
from tidings.core.caller import Caller, TokenKind

PUBLISHER = Caller(connector="shop", kind=TokenKind.KEY, scopes=frozenset(GRANTED))
STRANGER = Caller(connector="other", kind=TokenKind.KEY, scopes=frozenset(GRANTED))
READER = Caller(connector="shop", kind=TokenKind.KEY, scopes=frozenset({"events.read"}))
TENANT = Caller(connector="office", kind=TokenKind.TENANT, scopes=frozenset(GRANTED))
CALLERS = {"tdk_shop": PUBLISHER, "tdk_other": STRANGER, "tdk_reader": READER, "tdk_tenant": TENANT}
SHOP = {"authorization": "Bearer tdk_shop"}
OTHER = {"authorization": "Bearer tdk_other"}
