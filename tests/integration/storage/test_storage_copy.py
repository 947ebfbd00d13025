# SPDX-License-Identifier: GPL-2.0-or-later
"""A database goes to the other kind and back with every byte, or not at all."""

from __future__ import annotations

from contextlib import closing
from ipaddress import IPv4Network
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from enforcer.application.actor import Actor
from enforcer.clock import SystemClock
from enforcer.control.leadership import leading
from enforcer.core.brake import PauseState
from enforcer.core.device_control import DeviceControl
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockAddress, CutFeed
from enforcer.core.rules import Owner
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Topology
from enforcer.errors import AnotherControllerActive, InvalidInput, StorageError
from enforcer.storage.copying import Progress, no_progress
from enforcer.storage.database import Database
from enforcer.storage.errors import DatabaseMoved
from enforcer.storage.inventories import CONTENT, content_of
from enforcer.storage.service_tables import metadata
from enforcer.storage.tables import lease
from enforcer.usecases.copy_database import copy_database, reclaim_database
from tests.integration.storage.placing import NOON, place
from tests.integration.storage.tampering import opened, tamper
from tests.postgres import Cluster

ANN = Actor("ann", "cli")
CLOCK = SystemClock()
Rows = dict[str, list[str]]


@pytest.fixture
def target(url: str, tmp_path: Path, cluster: Cluster) -> str:
    """An empty database of the other kind."""
    if url.startswith("sqlite"):
        return cluster.empty()
    return f"sqlite:///{tmp_path / 'target.db'}"


def filled(database: Database) -> None:
    """Something in every corner: text of all scripts, big numbers, bytes, nothing."""
    with database.write() as unit:
        unit.control.initialise("C0FFEE")
        unit.control.new_epoch()
        empty = Topology({}, {})
        told = {CONTENT: content_of(empty)}
        seq = unit.record("inventory.loaded", ANN, at=NOON, payload=told)
        unit.inventories.add(seq, empty, at=NOON, origin="Ελλάδα ✓ 'quoted' \\ %s")
        unit.raise_alarm("braked", ANN, at=NOON, subject="edge1", said="ein Ärger\nzwei Zeilen")
        unit.raise_alarm("braked", ANN, at=NOON, subject="edge2", said="")
        unit.clear_alarm("braked", ANN, at=NOON, subject="edge2", why="over")
        unit.device_controls.save("edge1", DeviceControl())
        unit.devices.save_facts("edge1", DeviceFacts(verified_seq=2**62))
        unit.devices.set_adopted("Edge1", Owner("DECAF", 2**40), NOON)
        unit.devices.set_adopted("edge1", Owner("DECAF", 7), NOON)
        open_one = unit.open_intent(ANN, at=NOON, device="edge1", payload={})
        unit.open_intent(ANN, at=NOON, device="edge2", payload={})
        unit.close_intent(open_one, ANN, at=NOON, device="edge1", payload={})
        unit.blob(bytes(range(256)) * 1000)
    first = np.zeros((70_000, 2), np.uint64)
    first[:, 1] = np.random.default_rng(1).integers(0, 2**32, 70_000)
    none = np.zeros((0, 2), np.uint64)
    with database.write() as unit:
        content = ListContent(0, first, first, none, none)
        unit.lists.add_version("drop", content, source="a", at=NOON, rejected=0, sha256="0" * 64)
        unit.record("list.imported", ANN, at=NOON, subject="drop", payload={"version": 1})
    for number in range(60):
        demand = CutFeed(f"c{number}") if number % 2 else BlockAddress(IPv4Network(number))
        place(database, demand, key=f"k{number}" if number % 3 else None)


def everything(url: str) -> Rows:
    """Every row of every table, but who leads."""
    with opened(url) as engine, engine.connect() as connection:
        tables = [t for t in metadata.sorted_tables if t is not lease]
        return {
            t.name: sorted(repr(tuple(row)) for row in connection.execute(select(t)))
            for t in tables
        }


def copied(url: str, target: str, progress: Progress = no_progress) -> int:
    with closing(Database(url, stall=0)) as database:
        return copy_database(database, ANN, CLOCK, target, "elsewhere", progress).rows


def test_everything_arrives_and_the_source_is_left_closed(
    database: Database, url: str, target: str
) -> None:
    filled(database)
    # A lease of its own moves the epoch on PostgreSQL, before anything is copied.
    seen: list[tuple[str, int]] = []
    copied(url, target, lambda table, rows: seen.append((table, rows)))
    source, arrived = everything(url), everything(target)
    with closing(Database(target)) as there, there.read() as reader, database.read() as here:
        assert reader.audit.verify().ok and here.audit.verify().ok
        head, digest = reader.audit.head()
        assert reader.control.state().state is PauseState.RUNNING
        assert here.control.state().state is PauseState.FROZEN
        assert here.control.state().reason == "copied to elsewhere: use that one"
        assert reader.control.identity() == here.control.identity()
        assert reader.lists.current_version("drop") == 1
        assert reader.rows() == sum(rows for _, rows in seen)
        last = here.audit.entries(after=head)
        assert [entry.kind for entry in last] == ["database.copied"]
        assert digest == here.audit.entries(after=head - 1)[0].hash
        assert not reader.lease.state().holder if there.path is None else True
    for table, rows in arrived.items():
        if table in ("audit", "audit_head", "control"):
            continue
        assert rows == source[table], table
    assert set(arrived["audit"]) < set(source["audit"])
    assert len(source["audit"]) - len(arrived["audit"]) == 1


def test_there_and_back_is_the_same(
    url: str, database: Database, target: str, tmp_path: Path, cluster: Cluster
) -> None:
    filled(database)
    copied(url, target)
    before = everything(target)
    back = cluster.empty() if not url.startswith("sqlite") else f"sqlite:///{tmp_path / 'b.db'}"
    copied(target, back)
    after = everything(back)
    # A lease on PostgreSQL is an entry and an epoch; nothing else is touched on the way.
    for table, rows in before.items():
        if table not in ("audit", "audit_head", "control"):
            assert after[table] == rows, table
    assert set(before["audit"]) <= set(after["audit"])
    with closing(Database(back)) as there, there.read() as reader:
        assert reader.audit.verify().ok
    with closing(Database(back)) as there:
        assert place(there).number == there.head()


def test_a_target_that_holds_something_is_refused(
    database: Database, url: str, cluster: Cluster
) -> None:
    with database.write() as unit:
        unit.control.initialise("C0FFEE")
    place(database)
    before = everything(url)
    with cluster.database() as taken, pytest.raises(StorageError, match="empty database"):
        copied(url, taken)
    if database.path is not None:
        with pytest.raises(StorageError, match="exists already"):
            copied(url, f"sqlite:///{database.path}")
    after = everything(url)
    assert {**after, "audit": [], "audit_head": [], "control": []} == {
        **before,
        "audit": [],
        "audit_head": [],
        "control": [],
    }
    with database.read() as reader:
        assert reader.control.state().state is PauseState.RUNNING
        assert reader.audit.verify().ok


def test_it_is_refused_while_a_controller_runs(database: Database, url: str, target: str) -> None:
    with database.write() as unit:
        unit.control.initialise("C0FFEE")
    refused = pytest.raises(AnotherControllerActive, match="no controller runs")
    with closing(Database(url)) as other, leading(other, CLOCK), refused:
        copied(url, target)
    copied(url, target)


def test_a_broken_chain_is_not_copied(
    database: Database, url: str, target: str, tmp_path: Path
) -> None:
    with database.write() as unit:
        unit.control.initialise("C0FFEE")
    for _ in range(3):
        place(database)
    tamper(url, "UPDATE audit SET actor = 'bob' WHERE seq = 2")
    with pytest.raises(StorageError, match="does not verify"):
        copied(url, target)
    # The target is as it was: it can still be used.
    tamper(url, "UPDATE audit SET actor = 'ann' WHERE seq = 2")
    copied(url, target)
    with closing(Database(target)) as there, there.read() as reader:
        assert len(reader.orders.search()) == 3


def test_what_was_copied_elsewhere_takes_nothing_until_it_is_reclaimed(
    database: Database, url: str, target: str
) -> None:
    filled(database)
    copied(url, target)
    before = everything(url)
    with pytest.raises(DatabaseMoved, match=r"copied to elsewhere.*reclaim"):
        place(database)
    with pytest.raises(DatabaseMoved), database.write() as work:
        work.control.set_state(PauseState.RUNNING, at=CLOCK.now(), by="ann", reason="")
    with pytest.raises(DatabaseMoved):
        copied(url, target)
    assert everything(url) == before
    reclaim_database(database, ANN, CLOCK)
    with database.read() as reader:
        assert reader.control.moved() is None
        assert reader.control.state().state is PauseState.FROZEN
        assert reader.audit.verify().ok
    place(database)
    with pytest.raises(InvalidInput, match="not copied elsewhere"):
        reclaim_database(database, ANN, CLOCK)
