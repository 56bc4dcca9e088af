"""What the database itself remembers."""

import pytest

from tidings.core.clock import DAY
from tidings.core.errors import Invalid
from tidings.core.vault import Vault, new_key
from tidings.store.audit import Audit, audited, audited_once
from tidings.store.database import Database
from tidings.store.kept_for import Forgotten, Going, KeptFor
from tidings.store.settings import check_vault


async def test_the_first_key_that_comes_decides(database: Database) -> None:
    vault = Vault([new_key()])

    await check_vault(database, vault)

    await check_vault(database, vault)
    with pytest.raises(Invalid):
        await check_vault(database, Vault([new_key()]))


async def test_what_is_kept_for_how_long_is_chosen_left_again_and_counted_before(database: Database) -> None:
    kept = KeptFor(database, Forgotten.RECEIPTS, most_ms=400 * DAY)
    record = audited(actor="ada", action="retention.chosen", about="receipts 9d", at=1)

    await kept.choose(9, also=record)
    await kept.choose(8, also=audited_once(actor="ada", action="retention.chosen", about="receipts 8d", at=2))

    assert await kept.ms() == 8 * DAY
    assert [one.about for one in await Audit(database).entries()] == ["receipts 8d", "receipts 9d"]
    with pytest.raises(Invalid):
        await kept.choose(401, also=record)
    for what in Forgotten:
        assert await KeptFor(database, what, most_ms=DAY).going(before=2**42) == Going(count=0)
    await kept.choose(None, also=audited(actor="ada", action="retention.chosen", about="receipts 400d", at=3))
    assert await kept.ms() == 400 * DAY


async def test_a_new_key_beside_the_old_one_is_let_in(database: Database) -> None:
    old, new = new_key(), new_key()
    await check_vault(database, Vault([old]))

    await check_vault(database, Vault([new, old]))
