# SPDX-License-Identifier: GPL-2.0-or-later
"""A part of an hour of everything at once, by a clock that is turned by hand; see docs/soak.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import cast

import pytest

from drivers.nftables.driver import NftablesDriver
from enforcer.core.drift import Change, Delta, Drift
from enforcer.core.plan import ALL, Batch, Plan, Region
from enforcer.core.rules import Actual, Desired, Members, Owner
from enforcer.core.topology import Device
from enforcer.driver_api import Driver, Fingerprint, Session, Staged
from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.soak.hour import HOUR, Hour, NoCredentials
from tests.soak.service import Violation
from tests.soak.strangers import Stranger
from tests.soak.wire import Wire, wires

pytestmark = pytest.mark.root
PART = HOUR if os.environ.get("ENFORCER_SOAK") == "hour" else timedelta(minutes=2)
MEMORY = Path("/dev/shm")
"""Where there is one: what is lived here must not survive a power cut."""


@pytest.fixture(scope="module")
def three_namespaces(root: None) -> Iterator[Wire]:
    with wires() as made:
        yield made


@pytest.fixture
def wire(three_namespaces: Wire) -> Wire:
    Stranger(three_namespaces.router, Random(0)).nft("flush", "ruleset")
    return three_namespaces


@pytest.fixture
def database() -> Iterator[Database]:
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        url = f"sqlite:///{folder}/enforcer.db"
        migrate.upgrade(url)
        opened = Database(url)
        with opened.write() as work:
            work.control.initialise("C0FFEE")
        yield opened
        opened.close()


def test_every_device_is_as_ordered_after_every_settled_pass(
    wire: Wire, database: Database
) -> None:
    hour = Hour(database, wire, Random(int(os.environ.get("ENFORCER_SEED", "1"))))
    try:
        hour.live(PART)
    finally:
        hour.loop.end()
    assert hour.done["settled passes checked"] > 0
    assert any(what.startswith("died at") for what in hour.done)


class Forgetful(NftablesDriver):
    """Leaves what is to go."""

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        nothing = Members.none()
        stays = {r: Change(c.add, nothing) for r, c in drift.delta.addresses.items()}
        return super().plan(desired, replace(drift, delta=Delta(stays)), actual)


class _Blind:
    """A session to which nothing ever changed since it was read or written."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen: Fingerprint | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def fingerprint(self) -> Fingerprint:
        self._seen = self._seen or self._session.fingerprint()
        return self._seen

    def read_state(self, region: Region = ALL) -> Actual:
        self._seen = None
        return self._session.read_state(region)

    def stage(self, batch: Batch, guarded: bool = True) -> Staged:
        self._seen = None
        return self._session.stage(batch, guarded)


class Overlooking(NftablesDriver):
    """Does not see that somebody else was there."""

    @contextmanager
    def _seeing_nothing(self) -> Iterator[Session]:
        with super().connect() as session:
            yield cast(Session, _Blind(session))

    def connect(self) -> AbstractContextManager[Session]:
        return self._seeing_nothing()


@pytest.mark.parametrize(
    ("broken", "found"),
    [(Forgetful, r"^kernel is not settled"), (Overlooking, r"^(kernel|the wire) .* to be dropped")],
)
def test_a_driver_that_is_broken_on_purpose_is_found(
    wire: Wire, database: Database, broken: type[NftablesDriver], found: str
) -> None:
    def kernels(device: Device, owner: Owner) -> Driver:
        return broken.from_device(device, NoCredentials(), owner)

    hour = Hour(database, wire, Random(1), kernels)
    try:
        with pytest.raises(Violation, match=found):
            hour.live(HOUR)
    finally:
        hour.loop.end()


def test_a_device_that_lies_is_found(wire: Wire, database: Database) -> None:
    """It says that it is empty, and that it does as it is told."""
    hour = Hour(database, wire, Random(1))
    held = hour.plant.box("expiring")
    held.faults.lie(lambda actual: replace(actual, addresses={}) if not actual.region else actual)
    try:
        with pytest.raises(Violation, match=r"^expiring"):
            hour.live(HOUR)
    finally:
        hour.loop.end()
