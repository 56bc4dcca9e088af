"""Sandbox: somebody's template, rendered where it reaches nothing but what it was given."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from tidings.core.errors import Invalid
from tidings.reports.figures import filters_of
from tidings.reports.seen import names_in

# Characters. A page of text has three thousand; a logo that stands in a template as data: has more.
_MOST_TEMPLATE = 5_000_000
# Characters. What is longer nobody reads, and a browser no longer shows.
_MOST_WRITTEN = 20_000_000
# Templates that stay compiled, which takes most of the time of a short page, and characters of each (guesses).
_MOST_KEPT, _MOST_KEPT_TEXT = 32, 100_000
# Bits of a whole number that is reckoned with; beyond, Python takes its time where no signal is heard.
_MOST_BITS = 4_096
_FORMATS = frozenset({"format", "format_map"})
# Of its message, an error tells so much: it may quote the data.
_MOST_TOLD = 300


class Spent(BaseException):
    """Time or memory is over, wherever that was: no `except Exception` on the way may keep it."""


def rendered(html: str, *, values: Mapping[str, object], time_zone: str) -> str:
    """What the template writes. Raises Invalid and Spent, with the line of the template."""
    if len(html) > _MOST_TEMPLATE:
        raise Invalid(f"the template has more than {_MOST_TEMPLATE:,} characters; make it shorter")
    try:
        is_kept = len(html) <= _MOST_KEPT_TEXT
        return _written((_compiled if is_kept else _compiled.__wrapped__)(html, time_zone), values=values)
    except TemplateSyntaxError as error:
        raise Invalid(_told(error.message, line=error.lineno)) from error
    except Spent as error:
        raise Spent(_told(str(error), line=_line(error))) from error
    except MemoryError as error:
        raise Spent(_told("it wants more memory than it may have", line=_line(error))) from error
    except RecursionError as error:
        raise Invalid(_told("it goes too deep; nest less in each other", line=_line(error))) from error
    except Exception as error:  # a template is a program: it may raise anything
        raise Invalid(_told(str(error) or type(error).__name__, line=_line(error))) from error


class _Missing(StrictUndefined):
    """What is not there: an error that tells what is."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint or self._undefined_obj is missing:
            return super()._undefined_message
        known = names_in(self._undefined_obj)
        there = f"; there are {', '.join(known[:20])}" if known else ""
        return f"there is no {self._undefined_name!r} here{there}"


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, without `str.format` and without numbers that take for ever."""

    intercepted_binops = frozenset({"*", "**"})

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:  # noqa: ANN401, ARG002 - as it is there
        """None: it is refused like any other attribute that is not safe."""
        return None

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ANN401, PLR0917 - as it is there
        is_format = isinstance(obj, str) and attr in _FORMATS
        return not is_format and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401, PLR0917 - as it is there
        if isinstance(left, int) and isinstance(right, int):
            bits = left.bit_length() * right if operator == "**" else left.bit_length() + right.bit_length()
            if bits > _MOST_BITS:
                raise Invalid(f"a number becomes too large at {operator}")
        return super().call_binop(context, operator, left, right)


@functools.lru_cache(maxsize=_MOST_KEPT)
def _compiled(html: str, time_zone: str) -> Template:
    """Kept from one report to the next: what is rendered can change neither it nor its sandbox."""
    return _sandbox(filters_of(time_zone)).from_string(html)


def _sandbox(filters: Mapping[str, Callable[..., object]]) -> Environment:
    # Not optimized: what is constant would be reckoned out while it is compiled, where no line is known.
    found = _Sandbox(autoescape=True, undefined=_Missing, optimized=False, finalize=_shown)
    found.filters.update(filters)
    del found.globals["lipsum"]
    return found


def _shown(value: object) -> object:
    """What is empty in a database is empty in a report."""
    return "" if value is None else value


def _written(template: Template, *, values: Mapping[str, object]) -> str:
    pieces, length = [], 0
    # `generate` would take the line from errors that are no Exception.
    for piece in template.root_render_func(template.new_context(dict(values))):
        pieces.append(piece)
        length += len(piece)
        if length > _MOST_WRITTEN:
            raise Invalid(f"it writes more than {_MOST_WRITTEN:,} characters; ask for fewer rows")
    return "".join(pieces)


def _line(error: BaseException) -> int | None:
    found, step = None, error.__traceback__
    while step is not None:
        template = step.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            found = template.get_corresponding_lineno(step.tb_lineno)
        step = step.tb_next
    return found


def _told(reason: str | None, *, line: int | None) -> str:
    where = f"the template, line {line}" if line else "the template"
    return f"{where}: {(reason or 'it is none')[:_MOST_TOLD]}"
