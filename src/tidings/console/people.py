"""People and roles: who may do what here, who is let in, and who goes."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.access.phone import normal_phone
from tidings.console.entrance import FIRST
from tidings.console.erasing import Erasing
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right, Role
from tidings.console.visit import Visit
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.event import Actor
from tidings.store.cursor import read_place, written_place
from tidings.store.people import People, Profile

_HERE = "/console/settings/people"
_A_PAGE = 50
# Of one person: what is beyond is old, and ends by itself.
_SESSIONS, _TOKENS = 20, 50
# Those with the most to decide first.
_ORDER = tuple(Role)
# What each role may, for whoever gives it.
ROLES = (
    (Role.OWNER, "Owner: everything, roles and tokens too"),
    (Role.OPERATOR, "Operator: everything but roles, connectors and tokens"),
    (Role.READER, "Reader: looks at everything but secrets"),
    (Role.MEMBER, "No role: their own groups alone"),
)


class PeoplePages:
    """Whoever may look sees them; owners decide."""

    def __init__(self, offers: Offers) -> None:
        self._access = offers.access
        self._entrance = offers.entrance
        self._people = People(offers.database)
        self._clock = offers.clock
        self._public_url = offers.public_url
        self._erasing = Erasing(offers.access)

    def places(self) -> Sequence[Place]:
        one = "/settings/people/{id}"
        return [
            Place(path="/settings/people", does=self._list, needs=Right.LOOK),
            Place(path="/settings/people", does=self._invite, needs=Right.RULE, method="POST"),
            Place(path="/settings/people/new", does=self._ask, needs=Right.RULE),
            Place(path=one, does=self._show, needs=Right.LOOK),
            Place(path=f"{one}/role", does=self._give_role, needs=Right.RULE, method="POST"),
            Place(path=f"{one}/link", does=self._link, needs=Right.RULE, method="POST"),
            Place(path=f"{one}/sign-out", does=self._sign_out, needs=Right.RULE, method="POST"),
            Place(path=f"{one}/erase", does=self._ask_to_erase, needs=Right.RULE),
            Place(path=f"{one}/erase", does=self._erase, needs=Right.RULE, method="POST"),
        ]

    def close(self) -> None:
        """Break off erasures; they may be begun anew."""
        self._erasing.close()

    async def _list(self, visit: Visit) -> Response:
        search = visit.query.get("search", "").strip()[:100]
        whom = "all" if search or visit.query.get("whom") == "all" else "roles"
        cursor = visit.query.get("cursor", "")
        people, older = await self._some(search, whom=whom, cursor=cursor)
        return visit.page(
            "settings/people.html",
            people=people,
            older=older,
            search=search,
            whom=whom,
            is_first=not cursor,
            is_under_way=self._erasing.is_under_way,
        )

    async def _some(self, search: str, *, whom: str, cursor: str) -> tuple[list[Profile], str]:
        if whom == "roles":
            found = await self._people.with_role(after=cursor, most=_A_PAGE)
            older = found[-1].id if len(found) == _A_PAGE else ""
            return sorted(found, key=lambda one: (_ORDER.index(Role(one.role)), one.name)), older
        before = read_place(cursor)
        if search:
            found, further = await self._people.found(search, before=before, most=_A_PAGE)
        else:
            found = await self._people.newest(before=before, most=_A_PAGE)
            further = found[-1].place if len(found) == _A_PAGE else None
        return found, written_place(*further) if further else ""

    async def _ask(self, visit: Visit) -> Response:
        return visit.page("settings/people_new.html", roles=ROLES)

    async def _invite(self, visit: Visit) -> Response:
        try:
            person = await self._invited(visit)
        except (Invalid, Conflict) as error:
            return visit.page("settings/people_new.html", error=error, roles=ROLES)
        link = await self._entrance.link(actor=visit.person.id, phone=person.phone)
        profile = await self._profile(person.id)
        return visit.page("settings/people_link.html", person=profile, link=self._address(link))

    async def _invited(self, visit: Visit) -> Actor:
        """Whoever is known by that number already keeps the name that they have."""
        number, role = normal_phone(visit.form.needed("phone"), field="phone"), _role(visit)
        person = await self._people.by_phone(number)
        if person is None or not person.name:
            name = visit.form.needed("name")
            person = await self._access.create_person(number, actor=visit.person.id, name=name)
        if role is not Role.MEMBER:
            await self._entrance.give_role(person.id, role, actor=visit.person.id)
        return person

    async def _show(self, visit: Visit) -> Response:
        person = await self._profile(visit.path["id"])
        return visit.page(
            "settings/person.html",
            person=person,
            roles=ROLES,
            sessions=await self._entrance.sessions.of(person.id, now=self._clock.now(), most=_SESSIONS),
            tokens=await self._access.keyring.of_person(person.id, most=_TOKENS),
            is_under_way=self._erasing.is_under_way(person.id),
        )

    async def _give_role(self, visit: Visit) -> Response:
        person, role = await self._profile(visit.path["id"]), _role(visit)
        if role != person.role:
            await self._entrance.give_role(person.id, role, actor=visit.person.id)
        is_oneself = person.id == visit.person.id and role is not Role.OWNER
        said = f"{person.name or person.phone} is {_article(role)} now." if role else "The role is taken away."
        return visit.go("/console/" if is_oneself else f"{_HERE}/{person.id}", said=said)

    async def _link(self, visit: Visit) -> Response:
        person = await self._profile(visit.path["id"])
        link = await self._entrance.link(actor=visit.person.id, phone=person.phone)
        return visit.page("settings/people_link.html", person=person, link=self._address(link))

    async def _sign_out(self, visit: Visit) -> Response:
        person = await self._profile(visit.path["id"])
        await self._entrance.end_all(person.id, actor=visit.person.id)
        return visit.go(f"{_HERE}/{person.id}", said="Their sessions have ended.")

    async def _ask_to_erase(self, visit: Visit) -> Response:
        return visit.page("settings/person_erase.html", person=await self._profile(visit.path["id"]))

    async def _erase(self, visit: Visit) -> Response:
        person = await self._profile(visit.path["id"])
        if person.role:
            raise Conflict("this person has a role; take it away first, so that an owner is never erased by mistake")
        if visit.form.text("number") != person.phone:
            error = Invalid("number: is not this person's; write it as it stands on this page")
            return visit.page("settings/person_erase.html", error=error, person=person)
        if await self._erasing.erase(person.id, phone=person.phone, actor=visit.person.id):
            return visit.go(_HERE, said="The person is erased.")
        return visit.go(f"{_HERE}/{person.id}", said="The person is being erased; with many events it takes minutes.")

    async def _profile(self, identifier: str) -> Profile:
        person = await self._people.profile(identifier)
        if person is None:
            raise NotFound("there is nobody of this id, or nobody any more; go back to the list of people")
        return person

    def _address(self, link: str) -> str:
        return f"{self._public_url}{FIRST}{link}"


def _role(visit: Visit) -> Role:
    text = visit.form.text("role")
    if text not in {Role.OWNER, Role.OPERATOR, Role.READER, Role.MEMBER}:
        raise Invalid("role: choose one of those in the list")
    return Role(text)


def _article(role: Role) -> str:
    return f"{'a' if role is Role.READER else 'an'} {role}"
