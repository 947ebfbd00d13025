# SPDX-License-Identifier: GPL-2.0-or-later
"""The versions of a list: what each rejected, and how two differ."""

from __future__ import annotations

from enforcer.application.record_views import ListDiff
from enforcer.application.views import ListView
from enforcer.core.list_diff import difference, texts
from enforcer.core.list_report import decoded
from enforcer.core.lists import ListContent
from enforcer.errors import NotFound
from enforcer.storage.records import ListVersion
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.lists import Viewer, report_fields
from enforcer.usecases.world import World


def versions(world: World, name: str) -> list[ListView]:
    """Newest first. Raises NotFound."""
    viewer = Viewer(world)
    with world.database.read() as reader:
        return [
            viewer.view(one).model_copy(update=_reported(reader, one))
            for one in reversed(stored_versions(reader, name))
        ]


def _reported(reader: Reader, version: ListVersion) -> dict[str, object]:
    if version.report is None:
        return {}
    return report_fields(decoded(reader.audit.blob(version.report)))


def rejects(world: World, name: str, version: int | None) -> list[str]:
    """The totals, then line by line; empty where nothing was rejected. Raises NotFound."""
    with world.database.read() as reader:
        stored = stored_version(reader, name, version)
        return [] if stored.report is None else decoded(reader.audit.blob(stored.report)).texts()


def diff(world: World, name: str, old: int, new: int, limit: int) -> ListDiff:
    """By address, whatever entries they were stated as. Raises NotFound."""
    with world.database.read() as reader:
        change = difference(content_at(reader, name, old), content_at(reader, name, new))
    return ListDiff(
        name=name,
        old=old,
        new=new,
        added=texts(change.added, limit),
        removed=texts(change.removed, limit),
        added_total=change.added_total,
        removed_total=change.removed_total,
    )


def stored_versions(reader: Reader, name: str) -> list[ListVersion]:
    """All versions of a list, oldest first. Raises NotFound."""
    found = reader.lists.versions(name)
    if not found:
        raise NotFound(f"no list {name!r}: see `enforcer list show`")
    return found


def stored_version(reader: Reader, name: str, version: int | None) -> ListVersion:
    """One version, the newest for None. Raises NotFound."""
    found = stored_versions(reader, name)
    if version is None:
        return found[-1]
    for one in found:
        if one.version == version:
            return one
    raise NotFound(
        f"the list {name!r} has no version {version}: it has {found[0].version}"
        f" to {found[-1].version}"
    )


def content_at(reader: Reader, name: str, version: int | None) -> ListContent:
    """The entries of one version, the newest for None. Raises NotFound, StorageError."""
    stored = stored_version(reader, name, version)
    content = reader.lists.version(name, stored.version)
    if content is None:
        raise NotFound(f"the list {name!r} has no version {version}")
    return content
