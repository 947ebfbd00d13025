# SPDX-License-Identifier: GPL-2.0-or-later
"""Named block lists: immutable versions; orders that name a list follow its newest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from enforcer.application.actor import Actor
from enforcer.application.commands import ImportList
from enforcer.application.views import ListView
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList
from enforcer.errors import InvalidInput
from enforcer.storage.records import ListVersion
from enforcer.storage.unit_of_work import UnitOfWork
from enforcer.usecases.world import World
from inventory.list_files import ParsedList, parse_list

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
_SHOWN_REJECTS = 20


def import_list(world: World, actor: Actor, command: ImportList) -> ListView:
    """Store a new version; the same content again changes nothing.

    Raises InvalidInput for a bad name or a list without one usable entry.
    """
    if not _NAME.fullmatch(command.name):
        raise InvalidInput(
            f"{command.name!r} is no list name: use lower-case letters, digits, '-', '_', '.'"
        )
    digest = hashlib.sha256(command.text.encode()).hexdigest()
    with world.database.read() as reader:
        versions = reader.lists.versions(command.name)
    if versions and versions[-1].sha256 == digest:
        return view_of(versions[-1], changed=False)
    parsed = parse_list(command.text)
    if not len(parsed.v4_first) and not len(parsed.v6_first):
        raise InvalidInput(
            f"{command.source}: no usable entry in {parsed.lines} lines"
            + "".join(f"; line {n}: {why}" for n, _, why in parsed.rejected[:1])
        )
    stored = _store(world, actor, command, parsed, digest)
    world.ring()
    return stored


def _store(
    world: World, actor: Actor, command: ImportList, parsed: ParsedList, digest: str
) -> ListView:
    now = world.clock.now()
    entries = len(parsed.v4_first) + len(parsed.v6_first)
    with world.database.write() as work:
        version = work.lists.add_version(
            command.name,
            ListContent(0, parsed.v4_first, parsed.v4_last, parsed.v6_first, parsed.v6_last),
            source=command.source,
            at=now,
            rejected=len(parsed.rejected),
            sha256=digest,
        )
        sequence = work.record(
            "list.imported",
            actor,
            at=now,
            subject=command.name,
            payload={
                "version": version,
                "entries": entries,
                "rejected": len(parsed.rejected),
                "source": command.source,
                "sha256": digest,
            },
        )
        _touch(work, command.name, sequence, now)
    return ListView(
        name=command.name,
        version=version,
        entries=entries,
        imported_at=now,
        source=command.source,
        rejected=len(parsed.rejected),
        rejected_lines=[
            f"line {n}: {text}: {why}" for n, text, why in parsed.rejected[:_SHOWN_REJECTS]
        ],
        duplicates=parsed.duplicates,
    )


def _touch(work: UnitOfWork, name: str, sequence: int, now: datetime) -> None:
    """Orders that follow the list changed with it: what was proved before proves them no more."""
    following = [
        replace(order, changed=sequence)
        for order in work.orders.unfinished(now, timedelta(0))
        if isinstance(order.demand, BlockList) and order.demand.list_name == name
    ]
    work.orders.update_many(following)


def view_of(version: ListVersion, changed: bool = True) -> ListView:
    """One stored version for people."""
    return ListView(
        name=version.name,
        version=version.version,
        entries=version.entries,
        imported_at=version.imported_at,
        source=version.source,
        rejected=version.rejected,
        changed=changed,
    )


def current_lists(world: World) -> Sequence[ListView]:
    """The newest version of every list, by name."""
    with world.database.read() as reader:
        return [view_of(reader.lists.versions(name)[-1]) for name in reader.lists.names()]
