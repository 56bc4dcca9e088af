"""Bearer: who sent a call to a route that needs a token."""

from tidings.core.caller import Caller
from tidings.core.errors import Unauthenticated
from tidings.core.route import Call


def bearer(call: Call) -> Caller:
    """The caller. The door lets nobody through to such a route unknown; if it did, the call would end here."""
    if call.caller is None:
        raise Unauthenticated("Token missing. Header should have token as value of ACCESSTOKEN")
    return call.caller
