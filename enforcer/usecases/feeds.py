# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists that come from a file or a web address by themselves."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.views import ListView
from enforcer.control.feed_fetch import Fetch
from enforcer.control.feed_intake import FeedIntake
from enforcer.core.topology import Feed, Topology
from enforcer.errors import NotFound, StorageError
from enforcer.usecases.lists import Viewer, taken_view
from enforcer.usecases.second_person import only_people
from enforcer.usecases.world import World


def refresh(
    world: World, actor: Actor, name: str, confirm_shrink: bool, fetch: Fetch | None = None
) -> ListView:
    """Fetch a list's feed now. Raises NotFound, FeedFailed, InvalidInput, OrderRefused.

    At the shell of the installation it may grow as it likes; see `take_in`.
    """
    # The HTTP library is slow to load, and only this command needs it.
    from enforcer.control.feed_fetcher import Fetcher

    only_people(actor, "fetch lists")
    topology = world.topology
    feed = _feed(topology, name)
    intake = FeedIntake(world.database, world.clock, fetch or Fetcher())
    rule = None if actor.rights is None else world.four_eyes
    refreshed = intake.refresh(feed, topology, actor, confirm_shrink, rule)
    if refreshed.taken is not None:
        if refreshed.taken.changed:
            world.ring()
        return taken_view(world, refreshed.taken)
    with world.database.read() as reader:
        versions = reader.lists.versions(name)
    if not versions:
        raise StorageError(f"the source of {name} says that nothing changed: refresh it again")
    return Viewer(world).view(versions[-1]).model_copy(update={"changed": False})


def _feed(topology: Topology, name: str) -> Feed:
    feeds = topology.feeds
    feed = feeds.get(name)
    if feed is None:
        known = f"feeds: {', '.join(sorted(feeds))}" if feeds else "the inventory has no feeds"
        raise NotFound(
            f"the list {name!r} has no feed ({known}): state one in the inventory, or use"
            " `enforcer list import`"
        )
    return feed
