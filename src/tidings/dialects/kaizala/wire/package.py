"""What is sent and answered about action packages."""

from msgspec import UNSET, UnsetType

from tidings.dialects.kaizala.wire.lenient import Flag, Wire, is_true
from tidings.dialects.kaizala.wire.question import (
    SentQuestion,
    SentValue,
    ToldProperty,
    ToldQuestion,
    asked_of,
    properties_of,
    properties_told,
    questions_told,
)
from tidings.store.packages import Package
from tidings.workspace.actions import versioned
from tidings.workspace.instant import iso
from tidings.workspace.packages import NewPackage as Wanted
from tidings.workspace.packages import body_of_package


class NewPackage(Wire, frozen=True, kw_only=True):
    """A package to make, or the next version of one; `id` may name the version by its last part, `com.example.x.2`.

    Without `acceptMultipleResponses` everybody may respond as often as they like.
    """

    id: str
    name: str | None = None
    questions: list[SentQuestion]
    properties: list[SentValue] | None = None
    accept_multiple_responses: Flag | None = None
    is_anonymous: Flag | None = None
    is_sender_only: Flag | None = None

    def meant(self) -> Wanted:
        return Wanted(
            id=self.id,
            name=self.name or "",
            questions=asked_of(self.questions),
            properties=properties_of(self.properties),
            accepts_multiple=self.accept_multiple_responses is None or is_true(self.accept_multiple_responses),
            is_anonymous=is_true(self.is_anonymous or False),
            is_sender_only=is_true(self.is_sender_only or False),
        )


class PackageTold(Wire, frozen=True, kw_only=True):
    """A version of a package: `packageId` names it with its version, `actionPackageId` without; the first has none."""

    package_id: str
    action_package_id: str
    version: int
    name: str
    questions: list[ToldQuestion]
    properties: list[ToldProperty]
    accept_multiple_responses: bool
    is_anonymous: bool
    is_sender_only: bool
    created_at: str


class PackagesTold(Wire, frozen=True, kw_only=True):
    """All versions of all packages; `cursor` asks for the rest, absent if there is none."""

    action_packages: list[PackageTold]
    cursor: str | UnsetType = UNSET


def package_told(package: Package) -> PackageTold:
    body = body_of_package(package)
    return PackageTold(
        package_id=versioned(package.id, package.version),
        action_package_id=package.id,
        version=package.version,
        name=package.name,
        questions=questions_told(body.questions),
        properties=properties_told(body.properties),
        accept_multiple_responses=body.accepts_multiple,
        is_anonymous=body.is_anonymous,
        is_sender_only=body.is_sender_only,
        created_at=iso(package.created_at),
    )
