from tests.store.factories import NOW, kept, publication
from tidings.store.audit import Audit, audited, audited_once
from tidings.store.database import Database
from tidings.store.groups import group_touched


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


async def test_an_entry_that_goes_with_several_changes_is_kept_once_and_only_if_any_of_them_is(
    database: Database,
) -> None:
    entry = audited_once(actor="robin", action="group.members_added", about="g", at=NOW)
    refused = publication(also=(group_touched("no such group", at=NOW), entry))

    await kept(database, refused)
    assert await Audit(database).entries() == []
    await kept(database, refused, publication(also=(entry,)), publication(also=(entry,)))
    await kept(database, publication(also=(entry,)), publication(also=(entry,)))

    assert [one.about for one in await Audit(database).entries()] == ["g"]
