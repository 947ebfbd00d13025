# SPDX-License-Identifier: GPL-2.0-or-later
"""One full pass over some devices in the calling process, for when no controller runs."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from enforcer.control.book import OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.filling import fill
from enforcer.control.fleet import Means
from enforcer.control.reconciler import Reconciler
from enforcer.control.worker import Worker
from enforcer.core.topology import Topology
from enforcer.errors import ConfigurationInvalid
from enforcer.storage.database import Database

_AT_ONCE = 16


def reconcile_once(
    database: Database, topology: Topology, means: Means, devices: Iterable[str]
) -> dict[str, PassFacts]:
    """Full passes over `devices`, in parallel. The caller holds the lead.

    A device without a usable driver has failed, and the others are looked at.
    """
    book = OrderBook(topology)
    means.evidence.close_orphans(means.clock.now())
    fill(book, database, means.clock.now())
    owner = means.evidence.identity()
    workers: dict[str, Worker] = {}
    failed: dict[str, PassFacts] = {}
    for name in devices:
        device = topology.devices[name]
        try:
            driver = means.driver_for(device, owner)
            state = DesiredState(name, book)
            reconciler = Reconciler(
                device, driver, state, means.evidence, owner, means.clock, means.step
            )
        except ConfigurationInvalid as error:
            now, said = means.clock.now(), str(error)
            failed[name] = PassFacts(name, Outcome.FAILED, now, error=said, retryable=False)
            continue
        workers[name] = Worker(
            reconciler, means.evidence, means.clock, means.pause, timedelta(days=1)
        )
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pass") as threads:
        futures = {name: threads.submit(worker.once) for name, worker in workers.items()}
        found = {**failed, **{name: future.result() for name, future in futures.items()}}
    database.settle()
    return found
