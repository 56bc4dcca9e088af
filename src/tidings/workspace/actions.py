"""Actions: what an event of one is about, and the package that it names."""

from tidings.core.event import Subject
from tidings.store.actions import Action, ActionType
from tidings.workspace.tree import Tree

# Our names for what Kaizala's own cards were: receivers want a package in the data of everything that is answered.
_OWN_PACKAGES = {
    ActionType.SURVEY: "com.tidings.survey",
    ActionType.POLL: "com.tidings.poll",
    ActionType.LETS_MEET: "com.tidings.letsmeet",
}


class Subjects:
    """Tells what the events of an action are about."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    async def of(self, action: Action, *, is_beneath: int = 1) -> tuple[Subject, ...]:
        """Its group and those above, the action, and of a custom one the package, with and without its version."""
        packages = dict.fromkeys((action.package, versioned_package_id(action)) if action.package else ())
        return (
            *await self._tree.subjects(action.group_id, is_beneath=is_beneath),
            Subject("Action", action.id),
            *(Subject("ActionPackage", package) for package in packages),
        )


def package_id(action: Action) -> str:
    """The package of an action without version (`actionPackageId`); empty for what is told without one."""
    return action.package or _OWN_PACKAGES.get(action.type, "")


def versioned_package_id(action: Action) -> str:
    """The package of an action (`packageId`): the first version goes without a number."""
    return versioned(package_id(action), action.package_version)


def versioned(package: str, version: int) -> str:
    """A package's id as callers write it."""
    return f"{package}.{version}" if version > 1 else package
