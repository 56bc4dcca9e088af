"""What programs send to the two APIs: every shape is read from anything, or refused with a sentence."""

import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.effort import tries
from tidings.core.errors import Invalid
from tidings.core.json_text import read_typed
from tidings.dialects.connectreport import wire as reports
from tidings.dialects.connectreport.wire.administration import NewCallback
from tidings.dialects.connectreport.wire.report_task import NewTask
from tidings.dialects.connectreport.wire.shape import Wire as ReportWire
from tidings.dialects.kaizala import wire as kaizala
from tidings.dialects.kaizala.wire.lenient import Wire, read

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", " ", "True", "FALSE", "1", "-1e400", "2024-01-31T00:00:00Z", "0001-01-01T00:00:00+23:59", "9" * 40]
    ),
    st.sampled_from(
        ["Group", "group", "* * * * *", "PT1H", "P9999999Y", "10m", "+91", "https://[::1", "/", "é🍚", "x" * 300]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
)


def shapes(package: ModuleType, root: type[msgspec.Struct]) -> list[type[Any]]:
    """Every shape in the modules of a package."""
    modules = [
        importlib.import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)
    ]
    found = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    return sorted((one for one in found if issubclass(one, root) and one is not root), key=lambda one: one.__qualname__)


def names(shape: type[Any]) -> Iterator[str]:
    yield from shape.__struct_encode_fields__


KAIZALA, REPORTS = shapes(kaizala, Wire), shapes(reports, ReportWire)
NAMES = sorted({name for shape in (*KAIZALA, *REPORTS) for name in names(shape)})


@st.composite
def sent(draw: st.DrawFn, among: list[type[Any]]) -> tuple[type[Any], dict[str, Any]]:
    """A shape, and an object whose names are its own, in any case, with anything behind them."""
    shape = draw(st.sampled_from(among))
    mine = st.sampled_from(sorted(names(shape)) or NAMES)
    name = mine | mine.map(str.upper) | mine.map(str.lower) | st.sampled_from(NAMES)
    inner = st.recursive(
        ODD, lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(name, deeper, max_size=3), max_leaves=6
    )
    return shape, draw(st.dictionaries(name, inner, max_size=6))


@given(sent(KAIZALA))
@tries(120)
def test_every_shape_of_kaizalas_is_read_from_anything_or_refused(given_: tuple[type[Any], dict[str, Any]]) -> None:
    shape, body = given_
    with contextlib.suppress(Invalid):
        found = read(shape, body)
        assert isinstance(found, shape)
        assert repr(found) == f"{shape.__name__}(***)"


@given(sent(REPORTS))
@tries(80)
def test_every_shape_of_reports_is_read_from_anything_or_refused(given_: tuple[type[Any], dict[str, Any]]) -> None:
    shape, body = given_
    with contextlib.suppress(Invalid):
        assert isinstance(read_typed(msgspec.json.encode(body), msgspec.json.Decoder(shape)), shape)


@given(sent([NewTask, NewCallback]))
@tries(80)
def test_what_a_task_or_a_callback_asks_for_makes_sense_or_is_refused(given_: tuple[type[Any], dict[str, Any]]) -> None:
    shape, body = given_
    with contextlib.suppress(Invalid):
        asked = read_typed(msgspec.json.encode(body), msgspec.json.Decoder(shape))
        if isinstance(asked, NewTask):
            asked.draft()
        else:
            asked.terms()
