from tidings.store.audit import Audit, audited
from tidings.store.database import Database


async def test_the_record_is_read_newest_first_and_page_by_page(database: Database) -> None:
    await database.write(
        *(audited(actor="robin", action="person.erased", about=f"person {at}", at=at) for at in (1, 2, 3))
    )

    audit = Audit(database)
    page = await audit.entries(most=2)
    rest = await audit.entries(before=page[-1].id, most=2)

    assert [(entry.at, entry.actor, entry.action, entry.about) for entry in page] == [
        (3, "robin", "person.erased", "person 3"),
        (2, "robin", "person.erased", "person 2"),
    ]
    assert [entry.at for entry in rest] == [1]
