"""Settings that the database itself remembers."""

from tidings.core.vault import Vault
from tidings.store.database import Database, Statement

CHECK = "vault.check"


async def check_vault(database: Database, vault: Vault) -> None:
    """Make sure that the vault fits the secrets in the database; the first one that comes decides. Raises `Invalid`.

    Failure policy: refuse. A node with another key would seal what the others cannot open.
    """
    await database.write(Statement("setting_proposed", {"name": CHECK, "value": vault.check_value()}))
    [value] = await database.read(str, "setting_value", name=CHECK)
    vault.check(value)
