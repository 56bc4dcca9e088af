"""Kaizala: groups, their messages and actions, and the webhooks that tell of them."""

from tidings.dialects.kaizala.callback import Kaizala
from tidings.dialects.kaizala.catalogue import KINDS
from tidings.dialects.kaizala.pull.puller import KaizalaPuller
from tidings.dialects.kaizala.rows.reader import KaizalaReader

DIALECTS = (Kaizala(),)
READERS = (KaizalaReader(),)
PULLERS = (KaizalaPuller(),)
DEFAULT_FOR = dict.fromkeys(KINDS, Kaizala.name)
