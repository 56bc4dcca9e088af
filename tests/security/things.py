"""Things: what the matrix asks for, all Asha's or her program's, made anew as often as they are used up."""

import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from tests.console.report_runs_house import reported
from tests.security.asking import Answer
from tests.security.cast import OURS, Cast
from tests.workspace.files import png
from tidings.app.parts import Parts
from tidings.core.errors import Conflict
from tidings.core.event import Subject
from tidings.core.identifier import outside
from tidings.core.report import Connection, Content, ReportAuthor, ReportFormat, ReportQuery, ReportRole, TaskDraft
from tidings.core.row import Field, Place, Row, Shape, row_of
from tidings.core.vault import Drawer
from tidings.outbox.terms import Terms
from tidings.store.report_connections import connection_added

# In everything of Asha's that can be read, so that nobody is shown it by the way.
MARK = "Harbour-of-Asha"
NOWHERE = "http://127.0.0.1:9/"
# As the key of `Cast.AUTHOR` is known, and whoever rules over all reports.
OWNER = ReportAuthor(id=OURS, role=ReportRole.AUTHOR)
PRESS = ReportAuthor(id="press", role=ReportRole.ADMINISTRATOR)
CONTENT = Content(html=f"<p>{MARK}</p>", queries=(ReportQuery(name="sales", sql="SELECT 'North' AS region"),))
QUESTIONS = [{"title": MARK, "type": "Text"}]
SURVEY = {"actionType": "Survey", "actionBody": {"title": MARK, "questions": QUESTIONS}}
ORDER = {"type": "order.created", "subjects": [{"objectType": "Application", "objectId": "orders"}]}

# A file as a form sends it.
BOUNDARY = "between"
PICTURE = png()
UPLOAD = (
    f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="files"; filename="a.png"\r\n'
    "content-type: image/png\r\n\r\n"
).encode() + PICTURE + f"\r\n--{BOUNDARY}--\r\n".encode()  # fmt: skip

Ask = Callable[..., Awaitable[Answer]]


class Things:
    """`at` has the one that is asked for of each kind. `ask` sends a request as somebody of the cast."""

    def __init__(self, parts: Parts, *, ask: Ask) -> None:
        self.author = OWNER
        self._parts = parts
        self._ask = ask
        self._numbers = itertools.count(1)
        self.at: dict[str, str] = {}
        self.makers: dict[str, Callable[[], Awaitable[str]]] = {
            "member": self._member,
            "sub_group": self._sub_group,
            "message": self._message,
            "action": self._action,
            "bot": self._bot,
            "webhook": self._webhook,
            "event": self._event,
            "bin": self._bin,
            "task": self._task,
            "template": self._template,
            "base_template": self._base_template,
            "cycle": self._cycle,
            "report": self._report,
            "published": self._published,
            "tag": self._tag,
            "membership": self._membership,
            "connector": self._connector,
            "source": self._source,
            "callback": self._callback,
            "connection": self._connection,
            "trigger": self._trigger,
        }

    async def make(self, group: str) -> None:
        """One of each kind, most of them in that group."""
        self.at |= {"group": group, "package": "com.example.orders", "event_type": "order.created", "number": "1"}
        self.at |= {"tool": "excel", "table": "messages", "file": "messages.csv", "format": "pdf", "kind": "poll"}
        await self._send("POST", "/v1/actionPackages", {"id": self.at["package"], "questions": QUESTIONS})
        await self._send("POST", "/v1/eventTypes", {"name": "order.created", "description": MARK}, cast=Cast.PROGRAM)
        for kind in self.makers:
            self.at[kind] = await self.fresh(kind)
        self.at |= await self._delivery()
        self.at["town"] = await self._town()
        self.at["job"] = (await self._parts.reports.jobs.render_template(
            self.at["template"], ReportFormat.CSV, author=self.author
        )).id  # fmt: skip
        self._parts.open_tables().write([_row()])

    async def fresh(self, kind: str) -> str:
        """Another one of that kind."""
        return await self.makers[kind]()

    async def _send(self, method: str, path: str, body: object = None, *, cast: Cast = Cast.ADMIN) -> Any:  # noqa: ANN401 - any JSON
        answer = await self._ask(cast, method, path, body=body)
        assert answer.status == 200, f"{method} {path}: {answer.text}"
        return answer.json()

    async def _member(self) -> str:
        phone = f"+9100001{next(self._numbers):05}"
        path = f"/v1/groups/{self.at['group']}/members"
        await self._send("PUT", path, {"members": [phone]})
        return (await self._parts.access.person(phone)).id

    async def _membership(self) -> str:
        """That Meera is in the group, again."""
        await self._send("PUT", f"/v1/groups/{self.at['group']}/members", {"members": ["+910000000002"]})
        return "Meera's"

    async def _connector(self) -> str:
        name = f"spare{next(self._numbers)}"
        return (await self._parts.access.create_connector(name, identifier=name, actor="test")).id

    async def _source(self) -> str:
        name = f"crew{next(self._numbers)}"
        return (await self._parts.inbox.create_source(name, dialect="standard", actor="test")).name

    async def _sub_group(self) -> str:
        return str((await self._send("POST", f"/v1/groups/{self.at['group']}/subGroups", {"name": MARK}))["groupId"])

    async def _town(self) -> str:
        """A ConnectGroup beneath the group: those alone have subscribers."""
        people = {"admins": ["+910000000001"], "members": ["+910000000002"]}
        made = await self._send(
            "POST", "/v1/groups", {"name": MARK, "groupType": "ConnectGroup"} | people, cast=Cast.TENANT
        )
        path = f"/v1/groups/{self.at['group']}/subGroups"
        await self._send("PUT", path, {"subGroups": [made["groupId"]]}, cast=Cast.TENANT)
        return str(made["groupId"])

    async def _message(self) -> str:
        path = f"/v1/groups/{self.at['group']}/messages"
        return str((await self._send("POST", path, {"message": MARK}))["referenceId"])

    async def _action(self) -> str:
        return str((await self._send("POST", f"/v1/groups/{self.at['group']}/actions", SURVEY))["actionId"])

    async def _bot(self) -> str:
        return str((await self._send("POST", "/v1/bot", {"Name": MARK}))["BotUserId"])

    async def _webhook(self) -> str:
        terms = Terms(types=("TextMessageCreated",), url=NOWHERE, context=MARK)
        made, _ = await self._parts.subscribing.create(
            Subject("Group", self.at["group"]), terms, connector=OURS, owner=self.at["asha"], actor="test"
        )
        return made.id

    async def _event(self) -> str:
        event = ORDER | {"data": {"about": MARK}}
        return str((await self._send("POST", "/v1/events", event, cast=Cast.PROGRAM))["eventId"])

    async def _delivery(self) -> dict[str, str]:
        """Of a webhook of its own, whose event has been published since."""
        webhook = await self._webhook()
        await self._message()
        kept = await self._parts.subscriptions.get(webhook)
        assert kept is not None
        [delivery] = (await self._parts.history.deliveries(kept.number, limit=1))[0]
        return {"delivery": outside(delivery.event, delivery.subscription), "delivered": webhook}

    async def _bin(self) -> str:
        name = f"harbour{next(self._numbers)}"
        made = await self._send("POST", "/v1/bins", {"name": name}, cast=Cast.PROGRAM)
        self.at["view_token"] = made["viewToken"]
        for _ in range(2):
            await self._ask(Cast.PROGRAM, "POST", f"/bin/{name}", body={"about": MARK})
        return name

    # Reports

    async def _template(self) -> str:
        return (await self._parts.reports.templates.create(MARK, CONTENT, author=self.author)).id

    async def _base_template(self) -> str:
        return (await self._parts.reports.templates.create("A base", CONTENT, author=PRESS, is_base=True)).id

    async def _task(self, title: str = MARK) -> str:
        draft = TaskDraft(title=title, template=await self._template(), frequency="Weekly", trigger="stocktaking")
        made = await self._parts.reports.tasks.create(draft, author=self.author)
        return (await self._parts.reports.tasks.approve(made.id, author=PRESS)).id

    async def _cycle(self) -> str:
        cycles = self._parts.reports.cycles
        template = await self._template()
        made = await cycles.create(template=template, title=MARK, query="sales", fields=("region",), author=self.author)
        return made.id

    async def _report(self) -> str:
        """A dry run, which authors see."""
        name = f"report-{next(self._numbers)}"
        task = await self._parts.reports.tasks.get(self.at["task"])
        await reported(self._parts, task, report=name, is_dry=True)
        return name

    async def _published(self) -> str:
        """A report that was told, which viewers see."""
        name = f"report-{next(self._numbers)}"
        task = await self._parts.reports.tasks.get(await self._task("Published"))
        await reported(self._parts, task, report=name)
        return name

    async def _tag(self) -> str:
        return (await self._parts.reports.tags.create(f"Tag {next(self._numbers)}", PRESS)).id

    async def _callback(self) -> str:
        body = {"url": NOWHERE, "trigger": "postReportTask"}
        return str((await self._send("POST", "/admin/api/v1/callbacks", body, cast=Cast.RULER))["id"])

    async def _trigger(self) -> str:
        name = f"trigger-{next(self._numbers)}"
        triggers = self._parts.reports.triggers
        await triggers.hear(name, kind="Application", subject="shop", types=("*",), author=PRESS)
        return name

    async def _connection(self) -> str:
        """Kept as it is when it has been tried: there is no database behind it."""
        made = Connection(name=f"sales{next(self._numbers)}", kind="sqlite", most_rows=1, longest_ms=1, made_at=1)
        there = Conflict("there is one already")
        await self._parts.database.write(
            connection_added(
                made, url=self._parts.vault.seal("sqlite://", Drawer.REPORT_CONNECTION_URL), otherwise=there
            )
        )
        return made.name


def _row() -> Row:
    key = (Field("id", "id", Shape.TEXT, "1"),)
    fields = (Field("about", "about", Shape.TEXT, MARK), Field("at", "at", Shape.INSTANT, 1_705_314_645_678))
    return row_of(place=Place("messages", "messages", "", time="at"), key=key, fields=fields, version=1)
