"""What the database itself remembers."""

import pytest

from tidings.core.errors import Invalid
from tidings.core.vault import Vault, new_key
from tidings.store.database import Database
from tidings.store.settings import check_vault


async def test_the_first_key_that_comes_decides(database: Database) -> None:
    vault = Vault([new_key()])

    await check_vault(database, vault)

    await check_vault(database, vault)
    with pytest.raises(Invalid):
        await check_vault(database, Vault([new_key()]))


async def test_a_new_key_beside_the_old_one_is_let_in(database: Database) -> None:
    old, new = new_key(), new_key()
    await check_vault(database, Vault([old]))

    await check_vault(database, Vault([new, old]))
