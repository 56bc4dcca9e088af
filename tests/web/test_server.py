"""The server listens, speaks TLS, keeps limits on heads, and stops in good order."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.conversation import Conversation, ask, request
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock
from tidings.web import protocol
from tidings.web.protocol import LARGEST_HEAD
from tidings.web.server import LOOK_AT_FILES_EVERY_S, Certificate, Server
