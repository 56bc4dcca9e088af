import pytest

from tidings.core.errors import Conflict, NotFound
from tidings.store.connectors import ACCESS_CHANGED, Connector, Connectors, connector_added, connector_revoked
from tidings.store.database import Database


def connector(identifier: str = "shop") -> Connector:
    return Connector(id=identifier, name="Shop", secret="hash", scopes="publish bin", created_at=1)


async def test_a_connector_is_read_as_it_was_added(database: Database) -> None:
    await database.write(connector_added(connector()))

    assert await Connectors(database).get("shop") == connector()
    assert await Connectors(database).get("other") is None


async def test_a_second_connector_of_the_same_id_is_a_conflict_and_the_first_stays(database: Database) -> None:
    await database.write(connector_added(connector()))

    with pytest.raises(Conflict):
        await database.write(
            connector_added(Connector(id="shop", name="Other", secret="other", scopes="", created_at=2))
        )

    assert await Connectors(database).get("shop") == connector()


async def test_connectors_are_listed_by_id_page_by_page(database: Database) -> None:
    await database.write(*(connector_added(connector(identifier)) for identifier in ("c", "a", "b")))

    connectors = Connectors(database)
    page = await connectors.list(most=2)

    assert [one.id for one in page] == ["a", "b"]
    assert [one.id for one in await connectors.list(after="b", most=2)] == ["c"]


async def test_a_connector_is_revoked_once(database: Database) -> None:
    await database.write(connector_added(connector()))

    await database.write(connector_revoked("shop", at=7))

    found = await Connectors(database).get("shop")
    assert found is not None
    assert found.revoked_at == 7
    with pytest.raises(NotFound):
        await database.write(connector_revoked("shop", at=8))


async def test_the_version_of_rights_moves_when_one_was_taken_away(database: Database) -> None:
    connectors = Connectors(database)
    before = await connectors.version()

    await database.write(ACCESS_CHANGED)

    assert await connectors.version() == before + 1


async def test_an_application_belongs_to_the_connector_that_names_it_first(database: Database) -> None:
    connectors = Connectors(database)

    assert await connectors.of_application("shop-1") is None
    assert await connectors.name_application("shop-1", connector="a", at=1) == "a"
    assert await connectors.name_application("shop-1", connector="b", at=2) == "a"
    assert await connectors.of_application("shop-1") == "a"
