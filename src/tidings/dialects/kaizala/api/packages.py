"""The calls about action packages, which are ours: Kaizala's were made in its app and its portal."""

from dataclasses import dataclass

from msgspec import UNSET

from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import package as wire
from tidings.dialects.kaizala.wire.lenient import body_of, read
from tidings.workspace.packages import Packages

# Packages may have 200 questions each: a page of the largest is some megabytes.
MOST_LISTED = 100

_TAG = "Action packages"
_PAGE = (
    Parameter(
        name="limit",
        meaning=f"How many to list, {MOST_LISTED} if absent.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_LISTED},
    ),
    Parameter(name="cursor", meaning="Where the former list ended."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageApi:
    """Everybody may look at packages."""

    packages: Packages

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/actionPackages",
                name="createActionPackage",
                summary="Make an action package, or its next version",
                handler=self._create,
                needs="action.write",
                body=body_of(wire.NewPackage),
                answers=wire.PackageTold,
                errors=(Invalid, Conflict),
                tag=_TAG,
            ),
            Route(
                method="GET",
                path="/v1/actionPackages",
                name="listActionPackages",
                summary="List the action packages",
                handler=self._list,
                needs="action.read",
                answers=wire.PackagesTold,
                parameters=_PAGE,
                errors=(Invalid,),
                tag=_TAG,
            ),
            Route(
                method="GET",
                path="/v1/actionPackages/{packageId}",
                name="getActionPackage",
                summary="Show an action package, its newest version if the id names none",
                handler=self._get,
                needs="action.read",
                answers=wire.PackageTold,
                errors=(Invalid, NotFound),
                tag=_TAG,
            ),
        ]

    async def _create(self, call: Call) -> wire.PackageTold:
        asked = read(wire.NewPackage, call.body)
        return wire.package_told(await self.packages.create(bearer(call), asked.meant()))

    async def _list(self, call: Call) -> wire.PackagesTold:
        most = int(call.query.get("limit", MOST_LISTED))
        found = await self.packages.list(after=call.query.get("cursor", ""), most=most)
        # After a full page there may be nothing; that is what the next call tells.
        cursor = f"{found[-1].id}.{found[-1].version}" if len(found) == most else UNSET
        return wire.PackagesTold(action_packages=[wire.package_told(one) for one in found], cursor=cursor)

    async def _get(self, call: Call) -> wire.PackageTold:
        return wire.package_told(await self.packages.find(call.path["packageId"]))
