# SPDX-License-Identifier: GPL-2.0-or-later
"""`/metrics`: computed at the scrape, from the database and from what this process counted.

Nothing is computed per order: the database counts rows, and what has to be followed (proofs,
drift) was counted when it happened, by the reader of the audit chain (`enforcer.notify.following`),
so that these numbers survive a restart. Names and meanings are in ``docs/metrics.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from enforcer.application.watch_views import Readiness
from enforcer.clock import Clock
from enforcer.errors import StorageError
from enforcer.notify import measures, watching
from enforcer.notify.events import DRIFT_FOUND, DRIFT_REPAIRED, EVENTS
from enforcer.notify.following import WATCH
from enforcer.notify.measures import LEADING, Measured, Measures
from enforcer.notify.watching import Mind, mind_of
from enforcer.storage.database import Database
from enforcer.storage.unit_of_work import Reader

_STATES = ("scheduled", "in_force", "expired", "lifted")
_REPORTS = ("open", "ordered", "counted", "ignored", "dismissed", "malformed", "failed")
_CONTROL = ("running", "paused", "frozen")


class ServiceWatch:
    """Answers probes and scrapes of one process."""

    def __init__(self, database: Database, clock: Clock, measures: Measures) -> None:
        self._database = database
        self._clock = clock
        self._measures = measures

    def ready(self) -> Readiness:
        """See `Watch.ready`."""
        role = self._measures.measured().role
        try:
            self._database.head()
            missing = self._database.missing()
        except StorageError as error:
            return Readiness(ready=False, role=role, said=str(error))
        if missing:
            said = f"the database is damaged, {', '.join(missing)} is missing: restore a backup"
            return Readiness(ready=False, role=role, said=said)
        said = "" if role else "the controller neither leads nor stands by: see its log"
        return Readiness(ready=bool(role), role=role, said=said)

    def metrics(self) -> bytes:
        """See `Watch.metrics`."""
        registry = CollectorRegistry(auto_describe=False)
        # Read before, so that an error is raised here and not out of the library.
        found = [*self._collect()]
        registry.register(_Collected(found))
        return bytes(generate_latest(registry))

    def _collect(self) -> Iterator[Metric]:
        measured = self._measures.measured()
        with self._database.read() as reader:
            cursor = reader.notices.cursor(WATCH)
            mind = Mind() if cursor is None else mind_of(cursor.body)
            yield from self._about_orders(reader, mind)
            yield from _about_devices(reader, mind)
            yield from self._about_record(reader, 0 if cursor is None else cursor.seq)
            yield from _about_people(reader)
        yield from _about_process(measured)

    def _about_orders(self, reader: Reader, mind: Mind) -> Iterator[Metric]:
        counts = reader.tallies.orders(self._clock.now())
        yield _gauges(
            "enforcer_orders",
            "Orders by state",
            ["state"],
            {(state,): counts.get(state, 0) for state in _STATES},
        )
        yield _gauge(
            "enforcer_orders_unproved",
            "Orders that are not proved on every device yet",
            len(mind.waiting),
        )
        yield _gauge(
            "enforcer_orders_failing", "Of those, orders that fail on a device", len(mind.failing)
        )
        events = CounterMetricFamily("enforcer_events", "Events by name", labels=["event"])
        for name in EVENTS:
            events.add_metric([name], mind.counts.get(name, 0))
        yield events
        proved = HistogramMetricFamily(
            "enforcer_order_proof_seconds", "From placed (or its start) to proved on every device"
        )
        proved.add_metric([], _cumulated(watching.BUCKETS, mind.buckets), mind.seconds)
        yield proved

    def _about_record(self, reader: Reader, read: int) -> Iterator[Metric]:
        head = reader.audit.head()[0]
        newest = reader.signatures.newest()
        yield _gauge("enforcer_audit_head", "Position of the newest audit entry", head)
        yield _gauge(
            "enforcer_audit_signed_head",
            "Position up to which the audit chain is signed, 0: not at all",
            0 if newest is None else newest.seq,
        )
        yield _gauge(
            "enforcer_audit_signed_timestamp_seconds",
            "When the audit chain was signed last, 0: never",
            0 if newest is None else newest.at.timestamp(),
        )
        yield _gauge("enforcer_audit_unread", "Audit entries not read for notices", head - read)
        yield _gauge(
            "enforcer_intents_open",
            "Writes to devices whose outcome is not known",
            reader.tallies.open_intents(),
        )
        state = str(reader.control.state().state)
        yield _gauges(
            "enforcer_control_state",
            "1 for the state of enforcement",
            ["state"],
            {(one,): int(one == state) for one in _CONTROL},
        )


class _Collected(Collector):
    """What was found already."""

    def __init__(self, found: Sequence[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """All of it."""
        return iter(self._found)


def _about_devices(reader: Reader, mind: Mind) -> Iterator[Metric]:
    facts = reader.devices.all_facts()
    yield _gauges(
        "enforcer_device_failing",
        "1 where the passes over a device fail",
        ["device"],
        {(name,): int(one.failing_since is not None) for name, one in facts.items()},
    )
    yield _gauges(
        "enforcer_device_drift_open",
        "Differences on a device that were found and not repaired",
        ["device"],
        {(name,): one.drift_open for name, one in facts.items()},
    )
    yield _gauges(
        "enforcer_device_held_orders",
        "Orders that a brake, a pause or a turn keeps back on a device",
        ["device"],
        {(name,): len(one.held_orders) for name, one in facts.items()},
    )
    yield _gauges(
        "enforcer_device_verified_timestamp_seconds",
        "When a device was proved last",
        ["device"],
        {
            (name,): one.verified_at.timestamp()
            for name, one in facts.items()
            if one.verified_at is not None
        },
    )
    for name, event in (("found", DRIFT_FOUND), ("repaired", DRIFT_REPAIRED)):
        drift = CounterMetricFamily(
            f"enforcer_drift_{name}", f"Times that drift was {name} on a device", labels=["device"]
        )
        for device in facts:
            drift.add_metric([device], mind.counts.get(f"{event} {device}", 0))
        yield drift


def _about_people(reader: Reader) -> Iterator[Metric]:
    """What waits for somebody."""
    yield _gauges(
        "enforcer_notices",
        "Notices by channel and state",
        ["channel", "state"],
        {of: float(number) for of, number in reader.notices.counts().items()},
    )
    found = reader.reports.counts()
    yield _gauges(
        "enforcer_reports",
        "Reports from outside by state",
        ["state"],
        {(state,): found.get(state, 0) for state in sorted({*_REPORTS, *found})},
    )
    yield _gauges(
        "enforcer_alarms_open",
        "Open alarms by kind",
        ["kind"],
        {(kind,): number for kind, number in reader.tallies.open_alarms().items()},
    )
    yield _gauge(
        "enforcer_approvals_waiting",
        "Proposals that wait for a second person",
        reader.tallies.waiting_proposals(),
    )


def _about_process(measured: Measured) -> Iterator[Metric]:
    yield _gauges(
        "enforcer_build_info",
        "1; the version is in the label",
        ["version"],
        {(version("network-enforcer"),): 1},
    )
    leads = int(measured.role == LEADING)
    yield _gauge("enforcer_leader", "1 where this process leads", leads)
    passes = CounterMetricFamily(
        "enforcer_passes", "Passes over a device by outcome", labels=["device", "outcome"]
    )
    for (device, outcome), number in sorted(measured.passes.items()):
        passes.add_metric([device, outcome], number)
    yield passes
    timing = HistogramMetricFamily(
        "enforcer_pass_seconds", "How long a pass over a device took", labels=["device"]
    )
    for device, one in sorted(measured.timings.items()):
        timing.add_metric([device], _cumulated(measures.BUCKETS, one.buckets), one.seconds)
    yield timing
    wakeups = CounterMetricFamily(
        "enforcer_wakeups", "Times that a device was to be looked at", labels=["device"]
    )
    for device, number in sorted(measured.wakeups.items()):
        wakeups.add_metric([device], number)
    yield wakeups
    yield _gauges(
        "enforcer_dropped_packets",
        "Packets that the rules standing on a device dropped, as it counts them",
        ["device"],
        {(device,): number for device, number in measured.dropped.items()},
    )


def _gauge(name: str, said: str, value: float) -> Metric:
    return GaugeMetricFamily(name, said, value=value)


def _gauges(
    name: str, said: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]
) -> Metric:
    family = GaugeMetricFamily(name, said, labels=labels)
    for of, value in sorted(values.items()):
        family.add_metric([*of], value)
    return family


def _cumulated(bounds: Sequence[float], buckets: Sequence[int]) -> list[tuple[str, float]]:
    total, found = 0, []
    for bound, number in zip([*map(str, bounds), "+Inf"], buckets, strict=True):
        total += number
        found.append((bound, float(total)))
    return found
