"""Bins over HTTP: the addresses that catch anything, and the API that shows what they caught."""

import base64
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, Unauthenticated, Unavailable
from tidings.core.route import Call, Parameter, Route
from tidings.inbox.inspector import Inspector, is_view_token
from tidings.store import bins as store
from tidings.web.body import read_body
from tidings.web.login import Login, token_in
from tidings.web.page import Page
from tidings.web.peer import Proxies

SCOPE = "bin"
# Characters. A handshake's token has a few digits; an endpoint that echoes anything is of use to other people.
LONGEST_ECHO = 256
LONGEST_WAIT_S = 30
# With 1 MiB each, what an answer may hold.
MOST_SHOWN = 20
