"""What was told, laid flat under the name of its source and type."""

import pytest

from tidings.core.errors import Invalid
from tidings.core.told import Told, changes_of


def test_a_type_that_is_too_long_to_name_a_table_is_refused() -> None:
    told = Told(id="1", source="box", type="t" * 10_000, wire_id="", at=0, arrived_at=0)

    with pytest.raises(Invalid, match="can name a table"):
        changes_of(told, {})
