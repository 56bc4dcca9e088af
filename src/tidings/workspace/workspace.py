"""Workspace: everything that people and programs do in groups, put together."""

from dataclasses import dataclass

from tidings.core.clock import Clock
from tidings.egress.client import Client
from tidings.outbox.directory import Directory
from tidings.outbox.publisher import Publisher
from tidings.store.database import Database
from tidings.workspace.actions import Subjects
from tidings.workspace.amending import Amending
from tidings.workspace.bots import Bots
from tidings.workspace.drafting import Drafting
from tidings.workspace.groups import Groups
from tidings.workspace.media import Media
from tidings.workspace.messages import Messages
from tidings.workspace.packages import Packages
from tidings.workspace.posting import Posting
from tidings.workspace.posts import Posts
from tidings.workspace.reactions import Reactions
from tidings.workspace.reading import Reading
from tidings.workspace.responses import Responses
from tidings.workspace.rights import Rights
from tidings.workspace.sub_groups import SubGroups
from tidings.workspace.subscribers import Subscribers
from tidings.workspace.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Its parts; each keeps a change together with the event that tells of it."""

    rights: Rights
    tree: Tree
    groups: Groups
    sub_groups: SubGroups
    messages: Messages
    media: Media
    subscribers: Subscribers
    bots: Bots
    reactions: Reactions
    packages: Packages
    posting: Posting
    amending: Amending
    responses: Responses
    reading: Reading
    posts: Posts


def open_workspace(
    database: Database,
    *,
    rights: Rights,
    publisher: Publisher,
    directory: Directory,
    client: Client,
    clock: Clock,
    public_url: str,
    media_max: int,
) -> Workspace:
    """Put the parts together; `public_url` ends in `/`, `media_max` is how many bytes an upload may have."""
    media = Media(database, client=client, clock=clock, public_url=public_url, most_bytes=media_max)
    tree = Tree(database)
    subscribers = Subscribers(database, rights=rights, clock=clock)
    packages = Packages(database, clock=clock)
    drafting = Drafting(database, media=media, packages=packages)
    groups = Groups(database, publisher=publisher, directory=directory, rights=rights, tree=tree, clock=clock)
    return Workspace(
        rights=rights,
        tree=tree,
        groups=groups,
        sub_groups=SubGroups(database, publisher=publisher, directory=directory, rights=rights, tree=tree, clock=clock),
        media=media,
        messages=Messages(
            database, publisher=publisher, rights=rights, subscribers=subscribers, tree=tree, clock=clock
        ),
        subscribers=subscribers,
        bots=Bots(database, groups=groups, directory=directory, clock=clock),
        reactions=Reactions(database, rights=rights, clock=clock),
        packages=packages,
        posting=Posting(publisher=publisher, drafting=drafting, subscribers=subscribers, tree=tree, clock=clock),
        amending=Amending(database, rights=rights, subscribers=subscribers, clock=clock),
        responses=Responses(
            database, publisher=publisher, rights=rights, subjects=Subjects(tree), media=media, clock=clock
        ),
        reading=Reading(database, rights=rights, clock=clock),
        posts=Posts(database, rights=rights),
    )
