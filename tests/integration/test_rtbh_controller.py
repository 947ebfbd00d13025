# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller over a real speaker: whose death is alarmed, and who is told everything again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest

from drivers.gobgp.driver import GobgpDriver
from enforcer.control.desired_state import DesiredState
from enforcer.control.fail_open import OPEN
from enforcer.control.reconciler import Reconciler
from enforcer.control.watch import Watcher
from enforcer.core.orders import Blackhole
from enforcer.core.status import Status
from enforcer.core.topology import Topology
from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.integration.rtbh_lab import SPEAKER, NoSecrets, RtbhLab, rtbh_lab, until
from tests.unit.control.desk import Desk

pytestmark = pytest.mark.root
VICTIM = "203.0.113.10"


class RtbhDesk(Desk):
    """A controller's loop over the lab's speaker."""

    def __init__(self, folder: Path, lab: RtbhLab) -> None:
        self.lab = lab
        file = folder / "enforcer.sqlite3"
        migrate.upgrade(f"sqlite:///{file}")
        database = Database(f"sqlite:///{file}")
        with database.write() as work:
            work.control.initialise("C0FFEE")
        database.close()
        topology = Topology({SPEAKER: lab.device()}, documentation_space=True)
        super().__init__(file, topology, live=True)

    def new_reconciler(self, name: str, state: DesiredState) -> Reconciler:
        device = self.topology.devices[name]
        driver = GobgpDriver(device, self.owner, NoSecrets())
        return Reconciler(device, driver, state, self.evidence, self.owner, self.time)

    def open(self) -> bool:
        return any(a.kind == OPEN and a.subject == SPEAKER for a in self.alarms())

    @contextmanager
    def looping(self) -> Iterator[None]:
        """Worker and watcher, as the controller runs them."""
        worker = self.worker(SPEAKER)
        watcher = Watcher(self.reconciler(SPEAKER).driver, worker, self.time)
        threads = [threading.Thread(target=one.run) for one in (worker, watcher)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            watcher.stop()
            worker.stop()
            for thread in threads:
                thread.join(30)
            assert not any(thread.is_alive() for thread in threads)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[RtbhDesk]:
    with rtbh_lab() as lab:
        made = RtbhDesk(tmp_path, lab)
        yield made
        made.close()


def test_a_death_is_alarmed_and_a_life_told_everything_again(desk: RtbhDesk) -> None:
    lab = desk.lab
    order = desk.place(Blackhole(ip_network(VICTIM)))
    with desk.looping():
        until(lambda: desk.status(order, SPEAKER) is Status.ENFORCED, "enforced")
        until(lambda: lab.kernel() == {VICTIM}, "in the kernel")
        assert lab.answers("upa", VICTIM) == 0 and not desk.open()
        lab.kill_speaker()
        # Nothing but the end of its events tells the controller: the next look is minutes away.
        until(desk.open, "the alarm")
        assert desk.status(order, SPEAKER) is not Status.ENFORCED
        until(lambda: lab.answers("upa", VICTIM, 1) == 1, "fail-open")
        lab.start_speaker()
        until(lambda: not desk.open() and desk.status(order, SPEAKER) is Status.ENFORCED, "back")
        until(lambda: lab.kernel() == {VICTIM}, "in the kernel again")
        # What a stranger withdraws is back without a periodic pass.
        before = len(desk.results())
        lab.gobgp(f"global rib del {VICTIM}/32 identifier 4542022")
        until(lambda: len(desk.results()) > before, "seen")
        until(lambda: lab.kernel() == {VICTIM}, "repaired")
