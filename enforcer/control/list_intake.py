# SPDX-License-Identifier: GPL-2.0-or-later
"""A new content for a named list: read, measured by the inventory, refused or stored."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

import numpy as np

from enforcer.application.actor import Actor
from enforcer.core.four_eyes import Thresholds, grown
from enforcer.core.intervals import Ranges, ordered
from enforcer.core.list_checks import Judged, grounds, judge
from enforcer.core.list_diff import ListDifference, difference, leaps, shrinkage
from enforcer.core.list_report import MOST_LINES, ListReport, ReportLine
from enforcer.core.lists import ListContent, content_of
from enforcer.core.orders import LIST_NAME, BlockList, Order, is_over
from enforcer.core.rules import Integers
from enforcer.core.topology import Feed, Topology
from enforcer.errors import InvalidInput, OrderRefused
from enforcer.storage.database import Database
from enforcer.storage.inventories import CONTENT
from enforcer.storage.records import ListVersion
from enforcer.storage.unit_of_work import Reader, UnitOfWork
from inventory.list_files import ANY, Limits, ParsedList, parse_list

SHRINKS = "list-shrinks"
EMPTY = "list-empty"
TOO_LONG = "list-too-long"
GROWS = "list-grows"

_NAME = re.compile(LIST_NAME)


@dataclass(frozen=True, slots=True)
class Offer:
    """A content for a list. `source`: where it comes from, for people.

    `form`, `column`: as `inventory.list_formats` knows them. `most`: entries at most.
    """

    name: str
    text: str
    source: str
    form: str = "auto"
    column: str = ""
    limits: Limits = ANY
    most: int | None = None

    @property
    def sha256(self) -> str:
        """Of the text as UTF-8, in hexadecimal."""
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Growth:
    """What may not come to a list that orders follow: what one person may not order alone.

    `by_itself`: it comes by a feed, of which only what is over 20 % of what the list had counts.
    """

    rule: Thresholds
    by_itself: bool = False

    def too_wide(self, current: ListContent | None, change: ListDifference) -> str | None:
        """How wide it is, where that is too much."""
        came = leaps(current, change) if self.by_itself else change.added
        return grown(came, self.rule)


@dataclass(frozen=True, eq=False, slots=True)
class Examined:
    """What of an offer may be enforced, and what became of the rest."""

    offer: Offer
    content: ListContent
    report: ListReport
    lines: int


@dataclass(frozen=True, eq=False, slots=True)
class Taken:
    """What came of an offer. `before`: the version that was current; `stored`: the one that is.

    `changed` False: the same entries were there, and nothing was stored. `stored` None: a dry
    run. `added`, `removed`: ranges of addresses, compared with `before`.
    """

    examined: Examined
    before: ListVersion | None
    stored: ListVersion | None
    changed: bool
    added: int = 0
    removed: int = 0

    @property
    def version(self) -> int | None:
        """The number of the version that is current; None: a dry run."""
        return None if self.stored is None else self.stored.version


def offer_of(feed: Feed, text: str, source: str) -> Offer:
    """What a feed delivered, by the feed's own terms."""
    limits = Limits(feed.widest4, feed.widest6)
    return Offer(feed.name, text, source, feed.format, feed.column, limits, feed.most)


def examine(offer: Offer, topology: Topology) -> Examined:
    """Read and measure an offer.

    Raises InvalidInput for a bad name, and where the text as a whole is no list.
    """
    if not _NAME.fullmatch(offer.name):
        raise InvalidInput(
            f"{offer.name!r} is no list name: use lower-case letters, digits, '-', '_', '.'"
        )
    parsed = parse_list(offer.text, offer.form, offer.column, offer.limits)
    by = grounds(topology)
    v4 = judge(4, Ranges(parsed.v4_first, parsed.v4_last), by)
    v6 = judge(6, Ranges(parsed.v6_first, parsed.v6_last), by)
    # Whoever looks an address up, compares or compiles needs them so: sorted once is enough.
    kept4, kept6 = (ordered(judged.ranges.take(judged.kept)) for judged in (v4, v6))
    content = content_of(kept4, kept6)
    return Examined(offer, content, _report(parsed, v4, v6), parsed.lines)


def _report(parsed: ParsedList, v4: Judged, v6: Judged) -> ListReport:
    rejected = Counter(line.code for line in parsed.rejected)
    for judged in (v4, v6):
        rejected.update(judged.counts())
    lines = [
        ReportLine(line, text, code, reason)
        for line, text, reason, code in islice(parsed.rejected, MOST_LINES)
    ]
    lines += [*_judged_lines(v4, parsed.v4.line), *_judged_lines(v6, parsed.v6.line)]
    room = max(0, MOST_LINES - len(lines))
    lines += [
        ReportLine(line, text, code, reason) for line, text, reason, code in parsed.repeated(room)
    ]
    withheld = int(np.count_nonzero(v4.withheld)) + int(np.count_nonzero(v6.withheld))
    return ListReport(
        dict(rejected), parsed.duplicates, withheld, tuple(sorted(lines)[:MOST_LINES])
    )


def _judged_lines(judged: Judged, numbers: Integers) -> list[ReportLine]:
    rows = np.flatnonzero(~judged.kept | judged.withheld)
    rows = rows[np.argsort(numbers[rows], kind="stable")][:MOST_LINES]
    found = zip(numbers[rows].tolist(), judged.texts(rows), judged.reasons(rows), strict=True)
    return [ReportLine(line, text, code, why) for line, text, (code, why) in found]


def take_in(
    database: Database,
    actor: Actor,
    examined: Examined,
    *,
    now: datetime,
    confirm_shrink: bool = False,
    dry_run: bool = False,
    known_refusal: str = "",
    growth: Growth | None = None,
) -> Taken:
    """Make the content of `examined` the list's next version, in one transaction.

    Raises OrderRefused: an empty list, one that shrinks, and neither confirmed; one that is
    too long. Then nothing is stored but an audit entry, and that not again for a source whose
    SHA-256 is `known_refusal`. With `growth` also one that grows so while orders follow it.
    """
    name = examined.offer.name
    while True:
        with database.read() as reader:
            versions = reader.lists.versions(name)
            before = versions[-1] if versions else None
            current = reader.lists.current(name)
            following = _blocking(reader, name, now) if growth is not None else []
        if current is not None and current.same_as(examined.content):
            return Taken(examined, before, before, changed=False)
        change = difference(current, examined.content)
        wider = None if growth is None else growth.too_wide(current, change)
        refusal = _refusal(examined, current, change, confirm_shrink)
        if refusal is None and wider is not None and following:
            refusal = _grows(examined.offer, wider, following)
        if refusal is not None:
            if not dry_run and known_refusal != examined.offer.sha256:
                _record_refusal(database, actor, examined, refusal, now)
            raise refusal
        taken = Taken(examined, before, None, True, change.added_total, change.removed_total)
        if dry_run:
            return taken
        with database.write() as work:
            # What was compared with must still be there; else compare again.
            same = work.lists.current_version(name) == (before and before.version)
            if same and not (wider is not None and _blocking(work, name, now)):
                return replace(taken, stored=_store(work, actor, taken, now))


def _refusal(
    examined: Examined, current: ListContent | None, change: ListDifference, confirmed: bool
) -> OrderRefused | None:
    offer, entries = examined.offer, len(examined.content)
    if offer.most is not None and entries > offer.most:
        return OrderRefused(
            TOO_LONG,
            f"{offer.source}: {entries} entries are more than the {offer.most} that the feed"
            f" {offer.name} may have: look at it, or raise 'most' in the inventory",
        )
    if confirmed:
        return None
    if not entries:
        first = "".join(f"; {line}" for line in examined.report.lines[:1])
        return OrderRefused(
            EMPTY,
            f"{offer.source}: no usable entry in {examined.lines} lines{first}:"
            f" nothing was stored; if {offer.name} is to be empty, add --confirm-shrink",
        )
    gone = None if current is None else shrinkage(current, examined.content, change)
    if gone is not None:
        return OrderRefused(
            SHRINKS,
            f"{offer.source}: {offer.name} would {gone}: nothing was stored; if that is right,"
            " add --confirm-shrink",
        )
    return None


def _grows(offer: Offer, wider: str, following: list[Order]) -> OrderRefused:
    ids = ", ".join(order.id for order in following[:3])
    more = len(following) - 3
    ids += f" and {more} more" if more > 0 else ""
    return OrderRefused(
        GROWS,
        f"{offer.source}: what is new in {offer.name} is {wider}, and would be blocked at once by"
        f" {ids}: nothing was stored; import it at the shell of the installation, or lift what"
        " follows the list, import it, and order it again, which a second person approves",
    )


def _record_refusal(
    database: Database, actor: Actor, examined: Examined, refusal: OrderRefused, now: datetime
) -> None:
    offer, report = examined.offer, examined.report
    with database.write() as work:
        work.record(
            "list.refused",
            actor,
            at=now,
            subject=offer.name,
            payload={
                "code": refusal.code,
                "said": str(refusal),
                "entries": len(examined.content),
                "rejected": report.rejected_total,
                "source": offer.source,
                "sha256": offer.sha256,
            },
        )


def _store(work: UnitOfWork, actor: Actor, taken: Taken, now: datetime) -> ListVersion:
    examined, offer, report = taken.examined, taken.examined.offer, taken.examined.report
    blob = work.blob(report.encoded()) if report else None
    about = ListVersion(
        offer.name,
        taken.before.version + 1 if taken.before is not None else 1,
        now,
        offer.source,
        len(examined.content),
        report.rejected_total,
        offer.sha256,
        blob,
    )
    work.lists.add_version(
        offer.name,
        examined.content,
        source=about.source,
        at=now,
        rejected=about.rejected,
        sha256=about.sha256,
        report=blob,
    )
    sequence = work.record(
        "list.imported",
        actor,
        at=now,
        subject=offer.name,
        payload={
            "version": about.version,
            "entries": about.entries,
            "added": taken.added,
            "removed": taken.removed,
            "rejected": about.rejected,
            "source": about.source,
            "sha256": about.sha256,
            "report": blob,
            CONTENT: work.lists.content_digest(offer.name, about.version),
        },
    )
    _touch(work, offer.name, sequence, now)
    return about


def _touch(work: UnitOfWork, name: str, sequence: int, now: datetime) -> None:
    """Orders that follow the list changed with it: what was proved before proves them no more."""
    following = _following(work, name, now)
    work.orders.update_many([replace(order, changed=sequence) for order in following])


def _blocking(reader: Reader, name: str, now: datetime) -> list[Order]:
    """The orders that block the list, now or later."""
    return [order for order in _following(reader, name, now) if not is_over(order, now)]


def _following(reader: Reader, name: str, now: datetime) -> list[Order]:
    return [
        order
        for order in reader.orders.unfinished(now, timedelta(0))
        if isinstance(order.demand, BlockList) and order.demand.list_name == name
    ]
