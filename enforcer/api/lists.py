# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/lists``: named lists of prefixes and their versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from enforcer.api.callers import BulkPlacer, Reader, people_only
from enforcer.api.fields import DryRun
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.paging import AS_CSV_TOO, Form, FormOf, Page, PagingOf, table_response
from enforcer.api.turns import SlowTurn
from enforcer.application.record_views import ListDiff
from enforcer.application.requests import ImportBody, RefreshBody
from enforcer.application.views import ListView, View

router = api_router(prefix="/lists", tags=["lists"], route_class=KeyedRoute)

ListName = Annotated[str, Path(max_length=63, examples=["botnets"])]
Version = Annotated[int, Query(ge=1, le=2**31)]


class Rejects(BaseModel):
    """What was rejected of a version, line by line, and why."""

    model_config = ConfigDict(frozen=True)

    lines: list[str]


@router.get("", response_model=Page[ListView])
def lists(services: ServicesOf, caller: Reader, paging: PagingOf) -> Response | Page[ListView]:
    """The current version of every list."""
    found = services.application.lists(caller.actor)
    return paging.answer_all(found, lambda one: one.name, ListView)


@router.get("/{name}", response_model=Page[ListView])
def versions(
    name: ListName, services: ServicesOf, caller: Reader, paging: PagingOf
) -> Response | Page[ListView]:
    """Every version of one list, newest first."""
    found = services.application.list_versions(caller.actor, name)
    return paging.answer_all(found, lambda one: str(one.version), ListView)


@router.post("/{name}")
def import_list(
    name: ListName,
    body: ImportBody,
    services: ServicesOf,
    caller: BulkPlacer,
    dry_run: DryRun = False,
) -> ListView:
    """A new version; orders that name the list follow it at once.

    Not by detectors: what a list holds has none of their limits.
    """
    people_only(caller)
    return services.application.import_list(caller.actor, body.command(name, dry_run))


@router.post("/{name}/refresh")
def refresh(
    name: ListName, body: RefreshBody, services: ServicesOf, caller: BulkPlacer, turn: SlowTurn
) -> ListView:
    """Fetch it from its feed now; not by detectors."""
    people_only(caller)
    return services.application.list_refresh(caller.actor, name, body.confirm_shrink)


class RejectedLine(View):
    """A row of CSV."""

    line: str


class DiffLine(View):
    """A row of CSV: a range, and whether the newer version has it or the older one."""

    side: str
    range: str


@router.get("/{name}/rejects", response_model=Rejects, responses={**AS_CSV_TOO})
def rejects(
    name: ListName,
    services: ServicesOf,
    caller: Reader,
    form: FormOf,
    version: Version | None = None,
) -> Response | Rejects:
    """What was rejected of one version (the newest); as CSV, one line a row."""
    lines = list(services.application.list_report(caller.actor, name, version))
    if form is Form.JSON:
        return Rejects(lines=lines)
    return table_response([RejectedLine(line=line) for line in lines], RejectedLine)


@router.get("/{name}/diff", response_model=ListDiff, responses={**AS_CSV_TOO})
def diff(
    name: ListName,
    services: ServicesOf,
    caller: Reader,
    old: Version,
    new: Version,
    form: FormOf,
    limit: Annotated[int, Query(ge=0, le=100_000)] = 1000,
) -> Response | ListDiff:
    """What two versions do not share; at most `limit` ranges of each side."""
    found = services.application.list_diff(caller.actor, name, old, new, limit)
    if form is Form.JSON:
        return found
    rows = [DiffLine(side="added", range=one) for one in found.added]
    rows += [DiffLine(side="removed", range=one) for one in found.removed]
    return table_response(rows, DiffLine)
