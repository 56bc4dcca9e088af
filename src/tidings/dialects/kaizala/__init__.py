"""Kaizala: groups, their messages and actions, and the webhooks that tell of them."""

from tidings.dialects.kaizala.callback import Kaizala
from tidings.dialects.kaizala.catalogue import KINDS

DIALECTS = (Kaizala(),)
DEFAULT_FOR = dict.fromkeys(KINDS, Kaizala.name)
