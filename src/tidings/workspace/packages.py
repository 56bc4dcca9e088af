"""Packages: what custom actions ask, in versions; responses to all actions of a package look alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tidings.access.naming import checked_identifier, checked_name
from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.store.database import Database
from tidings.store.packages import Package, package_added
from tidings.store.packages import Packages as KeptPackages
from tidings.workspace.bodies import PackageBody, Visibility, written
from tidings.workspace.properties import SentProperty, new_properties
from tidings.workspace.questions import Asked, read_questions
from tidings.workspace.rights import rules_all

# `com.x.y.2`, `<guid>.2`: the version is a last part of digits. More digits than these no version will ever have.
_VERSIONED = re.compile(r"(.+)\.([1-9][0-9]{0,8})")
# Surveys, polls and meetings are told as packages of these names; see `workspace.actions`.
_OURS = "com.tidings."
_PAGE = 100
_decoder = msgspec.json.Decoder(PackageBody)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPackage:
    """A package to make, or its next version. `id` may end in the number of the version, like `com.example.order.2`."""

    id: str
    name: str = ""
    questions: Sequence[Asked]
    properties: Sequence[SentProperty] = ()
    accepts_multiple: bool = True
    is_anonymous: bool = False
    is_sender_only: bool = False


class Packages:
    """Everybody may look at packages; new versions are made by whoever made the first, or for a tenant."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._kept = KeptPackages(database)
        self._clock = clock

    async def create(self, caller: Caller, new: NewPackage) -> Package:
        """Make a package or a version of it. Raises Invalid, naming the field, and Conflict."""
        package = await self.drafted(caller, new)
        [[(version,)]] = await self._database.write(package_added(package))
        return msgspec.structs.replace(package, version=version)

    async def drafted(self, caller: Caller, new: NewPackage, *, field: str = "") -> Package:
        """A package that may be made, to be kept by whoever asked; version 0 is the next. Raises as `create`."""
        identifier, version = split(new.id)
        if identifier.startswith(_OURS):
            raise Conflict(f"id: names that begin with {_OURS} are taken; choose one of your own")
        body = PackageBody(
            questions=read_questions(new.questions, field=f"{field}questions"),
            properties=new_properties(new.properties, field=f"{field}properties"),
            is_anonymous=new.is_anonymous,
            accepts_multiple=new.accepts_multiple,
            visibility=Visibility.SENDER if new.is_sender_only else Visibility.ALL,
        )
        former = await self._kept.oldest(identifier)
        if former is not None and not _is_theirs(former, caller):
            raise Conflict(f"id: {identifier} is somebody else's package; choose another id")
        return Package(
            id=identifier,
            version=version,
            name=checked_name(new.name or (former.name if former else identifier)),
            body=written(body),
            author=caller.person.id,
            connector=caller.connector,
            created_at=self._clock.now(),
        )

    async def find(self, identifier: str) -> Package:
        """A package by its id, the newest version if the id names none. Raises NotFound."""
        name, version = split(identifier)
        found = await self._kept.get(name, version=version)
        if found is None:
            raise NotFound(
                "there is no such action package; make it with POST /v1/actionPackages, or send its questions along"
            )
        return found

    async def list(self, *, after: str = "", most: int = _PAGE) -> list[Package]:
        """So many versions of packages by id, from the id with its version `after` on, exclusive."""
        try:
            name, version = split(after) if after else ("", 0)
        except Invalid as error:
            raise Invalid("cursor: give the cursor of the answer before, or none to begin anew") from error
        return await self._kept.all(after=(name, version), most=most)


def body_of_package(package: Package) -> PackageBody:
    return _decoder.decode(package.body)


def split(identifier: str) -> tuple[str, int]:
    """A package's id without version, and the version, 0 if the id names none. Raises Invalid for what is no id."""
    checked = checked_identifier(identifier)
    match = _VERSIONED.fullmatch(checked)
    return (match[1], int(match[2])) if match else (checked, 0)


def _is_theirs(package: Package, caller: Caller) -> bool:
    is_of_person = package.author == caller.person.id != ""
    return rules_all(caller) or is_of_person or package.connector == caller.connector
