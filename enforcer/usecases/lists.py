# SPDX-License-Identifier: GPL-2.0-or-later
"""Named block lists: immutable versions; orders that name a list follow its newest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from enforcer.application.actor import Actor
from enforcer.application.commands import ImportList
from enforcer.application.views import ListView
from enforcer.control.feed_fetch import shown_source
from enforcer.control.list_intake import Examined, Growth, Offer, Taken, examine, take_in
from enforcer.core.feeds import FeedState, is_stale
from enforcer.core.list_checks import WITHHELD
from enforcer.core.list_report import ListReport
from enforcer.core.topology import Feed
from enforcer.storage.records import ListVersion
from enforcer.usecases.second_person import only_people
from enforcer.usecases.world import World
from inventory.list_entries import DUPLICATE
from inventory.list_files import Limits

_SHOWN_REJECTS = 20


def import_list(world: World, actor: Actor, command: ImportList) -> ListView:
    """Store a new version; the same entries again change nothing.

    Raises InvalidInput for a bad name or a text that is no list, OrderRefused as `take_in`,
    Forbidden for a detector: what it may order at most says nothing of lists. What somebody with
    rights adds to a list that orders follow is measured as a target is.
    """
    only_people(actor, "import lists")
    topology = world.topology
    feed = topology.feeds.get(command.name)
    examined = examine(_offer(command, feed), topology)
    taken = take_in(
        world.database,
        actor,
        examined,
        now=world.clock.now(),
        confirm_shrink=command.confirm_shrink,
        dry_run=command.dry_run,
        growth=None if actor.rights is None else Growth(world.four_eyes),
    )
    if taken.changed and not command.dry_run:
        world.ring()
    return taken_view(world, taken)


def _offer(command: ImportList, feed: Feed | None) -> Offer:
    """A list that has a feed keeps the feed's limits, wherever its content comes from."""
    limits = Limits() if feed is None else Limits(feed.widest4, feed.widest6)
    return Offer(
        command.name,
        command.text,
        command.source,
        command.format,
        command.column,
        limits,
        None if feed is None else feed.most,
    )


def taken_view(world: World, taken: Taken) -> ListView:
    """What came of an import, for people."""
    examined = taken.examined
    version = taken.stored or _imagined(world, taken)
    shown = {"changed": taken.changed, "added": taken.added, "removed": taken.removed}
    report = report_fields(examined.report)
    return Viewer(world).view(version).model_copy(update={**report, **shown})


def _imagined(world: World, taken: Taken) -> ListVersion:
    """The version that a dry run would have stored."""
    examined: Examined = taken.examined
    offer = examined.offer
    return ListVersion(
        offer.name,
        taken.before.version + 1 if taken.before is not None else 1,
        world.clock.now(),
        offer.source,
        len(examined.content),
        examined.report.rejected_total,
        offer.sha256,
    )


def report_fields(report: ListReport) -> dict[str, object]:
    """The part of a `ListView` that tells what was rejected."""
    rejected = [line for line in report.lines if line.code not in (DUPLICATE, WITHHELD)]
    return {
        "rejected": report.rejected_total,
        "rejected_lines": [str(line) for line in rejected[:_SHOWN_REJECTS]],
        "duplicates": report.duplicates,
        "withheld": report.withheld,
        "reasons": dict(report.rejected),
    }


class Viewer:
    """Shows versions of lists, with what is known of their feeds at one moment."""

    def __init__(self, world: World) -> None:
        self._feeds = world.topology.feeds
        self._now = world.clock.now()
        with world.database.read() as reader:
            self._states = reader.feeds.all()

    def view(self, version: ListVersion) -> ListView:
        """One stored version for people."""
        feed, state = self._feeds.get(version.name), self._states.get(version.name)
        return ListView(
            name=version.name,
            version=version.version,
            entries=version.entries,
            imported_at=version.imported_at,
            source=version.source,
            rejected=version.rejected,
            **self._feed_fields(feed, state if feed is not None else None),
        )

    def _feed_fields(self, feed: Feed | None, state: FeedState | None) -> dict[str, Any]:
        return {
            "feed": shown_source(feed.source) if feed is not None else None,
            "stale": feed is not None and is_stale(feed, state, self._now),
            "fetched_at": state.good if state is not None else None,
            "problem": (state.error or None) if state is not None else None,
        }


def current_lists(world: World) -> Sequence[ListView]:
    """The newest version of every list, by name."""
    viewer = Viewer(world)
    with world.database.read() as reader:
        return [viewer.view(reader.lists.versions(name)[-1]) for name in reader.lists.names()]
