"""What names a person is taken out of texts of every kind, in every table that keeps some, on either engine."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.factories import NOW, event, kept, publication, settlement, subscribed
from tidings.access.blanking import text_without
from tidings.core.event import Actor
from tidings.core.receipt import Receipt
from tidings.store.bins import Bin, Bins, Request
from tidings.store.database import Database
from tidings.store.groups import Group, Groups, group_added
from tidings.store.history import History
from tidings.store.mentions import TEXTS, Mentions
from tidings.store.messages import Message, Messages, message_posted
from tidings.store.receipts import Receipts

ROBIN = Actor(id="robin", phone="+910000000001", name="Robin")
SHORT = Actor(id="short", phone="+12345678", name="Short")
TOLD = b'{"fromUser":"+910000000001","fromUserName":"Robin","text":"call 00910000000001"}'
BLANK = b'{"fromUser":"","fromUserName":"","text":"call ***"}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("call +910000000001, or 0000000001 at night", "call ***, or *** at night"),
        ("+91 00000 00001 or (91) 000-000-0001", "*** or (***"),
        ("user=%2B910000000001&n=1", "user=%2B***&n=1"),
        ('{"n":[{"phone":"+910000000001","name":"Robin"}]}', '{"n":[{"phone":"","name":""}]}'),
        ('{"+910000000001":{"at":1}}', '{"***":{"at":1}}'),
        ('{"text":"+91000000', '{"text":"+91000000'),
        ("cut +910000000001 off \udcff", "cut *** off \udcff"),
        (
            "1910000000001 and 9100000000011 are no number of theirs",
            "1910000000001 and 9100000000011 are no number of theirs",
        ),
        ("[" * 5_000 + "+910000000001", "[" * 5_000 + "***"),
        ("Robin said hello", "Robin said hello"),
    ],
)
def test_a_text_loses_a_number_however_it_is_written_and_keeps_everything_else(before: str, after: str) -> None:
    blanked = text_without(ROBIN, before.encode(errors="surrogateescape"))

    assert blanked.decode(errors="surrogateescape") == after


def test_a_short_number_goes_only_where_its_country_code_stands_too() -> None:
    assert text_without(SHORT, b"in 45678 days, or +12345678") == b"in 45678 days, or ***"


@given(st.binary(max_size=200))
def test_what_names_nobody_stays_to_the_byte(text: bytes) -> None:
    nobody = Actor(id="nobody-of-this-id", phone="+999999999999999")

    assert text_without(nobody, text) == text


async def test_every_table_with_texts_loses_the_number(database: Database) -> None:
    attempted = await _filled(database)

    changed = {texts.table: await _blanked(database, texts.table) for texts in TEXTS}

    assert {table for table, number in changed.items() if number} == {
        "message",
        "grouping",
        "attempt",
        "capture",
        "receipt",
    }
    assert await _texts(database, attempted) == [b"ask ***", b"call ***", BLANK, BLANK, BLANK]
    assert [await _blanked(database, texts.table) for texts in TEXTS] == [0] * len(TEXTS)


async def test_a_table_of_several_steps_is_looked_through_to_its_end(database: Database) -> None:
    said = [Message(id=f"{n:05}", group_id="g", author="jan", text="hello", at=1) for n in range(1_000)]
    last = msgspec.structs.replace(said[-1], id="99999", text="call +910000000001")
    await database.write(*map(message_posted, [*said, last]))

    assert await _blanked(database, "message") == 1
    found = await Messages(database).get("99999")
    assert found is not None
    assert found.text == "call ***"


async def _filled(database: Database) -> tuple[int, int]:
    bins, webhook = Bins(database), await subscribed(database)
    [owed] = await kept(database, publication(webhook, of=event()))
    tried = settlement(owed, to=webhook)
    tried = msgspec.structs.replace(tried, attempt=msgspec.structs.replace(tried.attempt, answer=TOLD))
    group = Group(id="g", name="Team", welcome_message="ask +91 00000 00001", type="Group", created_at=1)
    await database.write(
        group_added(group), message_posted(Message(id="m", group_id="g", author="x", text="call +910000000001", at=1))
    )
    await database.settle([tried], [], owner=0)
    await bins.make(Bin(name="b", connector="", viewer="", expires_at=NOW * 2), now=NOW)
    came = Request(at=NOW, method="POST", path="/", query="", headers=(), body=TOLD, peer="", client="")
    for number in range(120):
        body = TOLD if number == 119 else b"\x00nothing"
        await bins.catch("b", msgspec.structs.replace(came, body=body), status=200, most=200)
    await Receipts(database).keep([Receipt(source="field", at=NOW, body=TOLD)])
    return owed, webhook


async def _blanked(database: Database, table: str) -> int:
    [texts] = [one for one in TEXTS if one.table == table]
    told = list[int]()
    changed = await Mentions(database).blank(
        ROBIN, texts, blank=lambda text: text_without(ROBIN, text), progress=told.append
    )
    assert sum(told) >= changed
    return changed


async def _texts(database: Database, attempted: tuple[int, int]) -> Sequence[bytes]:
    owed, webhook = attempted
    group, message = await Groups(database).get("g", person=""), await Messages(database).get("m")
    assert message is not None
    [tried], _ = await History(database).attempts(owed, webhook, limit=1)
    [receipt] = await Receipts(database).after(0, most=2)
    caught = await Bins(database).one("b", 120)
    texts = [group.welcome_message.encode(), message.text.encode()]
    return [*texts, tried.answer, caught.request.body, receipt.body]
