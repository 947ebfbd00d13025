# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that people, files, devices and time can do to an installation, in any order.

After each step what is desired is compared with the oracle and a compile from nothing, after
each pass what the device holds with it; at the end all with the inventory in force.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from enforcer.application.commands import (
    ChangeEnd,
    ImportList,
    LiftOrder,
    MoveAttachment,
    PlaceOrder,
    Reconfirm,
)
from enforcer.control.book import OrderBook
from enforcer.control.facts import Outcome
from enforcer.core.brake import PauseState
from enforcer.core.lists import ListContent
from enforcer.core.orders import Network, Order, order_id
from enforcer.core.plan import Trait
from enforcer.core.rules import NO_END, Key, Rule
from enforcer.core.topology import Leaving, Topology
from enforcer.driver_api import Applied
from enforcer.errors import CommandRejected, DeviceUnreachable, EnforcerError
from enforcer.storage.database import Database
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.fakes.table import HOOK, AddMember, Entry, Table
from tests.oracle import rules_drop
from tests.space import CUSTOMERS, DEVICES, INTERFACES, LISTS, prefixes
from tests.strategies import list_contents, stated_inventories
from tests.unit.control.loop import Loop
from tests.unit.control.small_world import EVERY_PACKET, SPACE, asks, devices, minutes, picks
from tests.unit.control.verdicts import Situation, Verdicts
from tests.unit.usecases.plant import ANN, Plant

PACKETS = 80
MEMORY = Path("/dev/shm")
"""Where there is one: what is tried here must not survive a power cut."""
TRAITS = {
    "edge1": Trait.ATOMIC | Trait.SELF_EXPIRING | Trait.WATCHABLE,
    "edge2": Trait(0),
    "core1": Trait.ATOMIC | Trait.CANDIDATE,
}
PROVED = (Outcome.CLEAN, Outcome.APPLIED, Outcome.REPAIRED)
ROUNDS = 12


class EnforcementMachine(RuleBasedStateMachine):
    """`template`: a database after `enforcer init`. `book`: the order book that is tried."""

    template: ClassVar[Path]
    book: ClassVar[type[OrderBook]] = OrderBook

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        file = Path(shutil.copy(self.template, Path(self._folder.name) / "enforcer.db"))
        self._database = Database(f"sqlite:///{file}")
        self.sound = False

    @initialize(
        stated=stated_inventories(SPACE),
        asked=st.lists(asks(), min_size=2, max_size=4),
        content=list_contents(SPACE),
        seed=st.integers(0, 2**16),
    )
    def begin(
        self, stated: Topology, asked: list[PlaceOrder], content: ListContent, seed: int
    ) -> None:
        self.plant = Plant(self._database, stated)
        for name, traits in TRAITS.items():
            tokens = name != "core1"
            self.plant.boxes[name] = FakeDevice(name, self.plant.clock, traits, tokens=tokens)
            self.plant.boxes[name].foreseeing = True
        self.plant.reload()
        sample = Random(seed).sample(EVERY_PACKET, PACKETS)
        self.verdicts = Verdicts(self._database, sample)
        self.loop = Loop(self.plant, self.book)
        self.orders: list[str] = []
        self.tables = {name: Table() for name in TRAITS}
        self.napping = False
        self.find_an_older_list(LISTS[0], content)
        self.place(asked)
        self.sound = True

    def teardown(self) -> None:
        try:
            if self.sound:
                self.everything_is_released_and_quiet()
        finally:
            if hasattr(self, "loop"):
                self.loop.end()
            self._database.close()
            self._folder.cleanup()

    # -- what must always be so ----------------------------------------------------------

    @property
    def now(self) -> Situation:
        return self.verdicts.situation(self.plant.clock.now(), self.plant.stated or Topology())

    @invariant()
    def what_is_desired_matches_no_protected_space(self) -> None:
        if not self.napping:
            self.look()

    def look(self) -> None:
        """The loop follows, and what it wants of every device is checked."""
        self.napping = self.sound = False
        self.loop.follow()
        now = self.now
        assert self.loop.shadows.keys() == now.topology.devices.keys(), "other devices"
        for shadow in self.loop.shadows.values():
            shadow.advance(now.now)
            self.verdicts.check_desired(shadow.desired, now)
        self.sound = True

    def attempt(self, ask: Callable[[], object]) -> bool:
        """Somebody asks for something that may be refused."""
        try:
            ask()
        except EnforcerError:
            return False
        return True

    # -- orders --------------------------------------------------------------------------

    @rule(asked=st.lists(asks(), min_size=1, max_size=3))
    def place(self, asked: list[PlaceOrder]) -> None:
        """What the guardrails refuse is stored all the same: they are not what is tried."""
        for command in asked:
            try:
                self.orders.append(self.plant.app.place(ANN, command).id)
            except EnforcerError:
                self.orders.append(self._store(command))

    def _store(self, command: PlaceOrder) -> str:
        now = self.plant.clock.now()
        start = now + (command.start_after or timedelta(0))
        end = None if command.duration is None else start + command.duration
        with self._database.write() as work:
            n = work.record("order.placed", ANN, at=now, payload={})
            order = Order(n, n, command.demand, "test", "ann", "cli", now, start, end)
            work.orders.add(replace(order, scope=command.scope))
        return order_id(n)

    @precondition(lambda self: self.orders)
    @rule(pick=picks)
    def lift(self, pick: int) -> None:
        """Whatever another order asks for stays as it is."""
        self.look()
        gone = self.orders[pick % len(self.orders)]
        now = self.now
        others = replace(now, orders=tuple(o for o in now.orders if o.id != gone))
        self.plant.app.lift(ANN, LiftOrder(order=gone, reason="over"))
        self.look()
        assert self.now.orders == others.orders
        for name, shadow in self.loop.shadows.items():
            for packet in self.verdicts.wanted(name, others):
                assert rules_drop(packet, shadow.desired), f"{gone} took {packet} with it"

    @precondition(lambda self: self.orders)
    @rule(pick=picks, extend=st.booleans(), lasts=st.none() | minutes)
    def give_another_end(self, pick: int, extend: bool, lasts: timedelta | None) -> None:
        order = self.orders[pick % len(self.orders)]
        command = ChangeEnd(order=order, extend=extend, duration=lasts, open_ended=lasts is None)
        if not self.attempt(lambda: self.plant.app.change_end(ANN, command)):
            again = Reconfirm(order=order, reason="stays")
            self.attempt(lambda: self.plant.app.reconfirm(ANN, again))

    @rule(name=st.sampled_from(LISTS), found=st.lists(prefixes(SPACE), max_size=4))
    def import_list(self, name: str, found: list[Network]) -> None:
        text = "".join(f"{prefix}\n" for prefix in found)
        command = ImportList(name=name, text=text, source="test", confirm_shrink=True)
        self.attempt(lambda: self.plant.app.import_list(ANN, command))

    @rule(name=st.sampled_from(LISTS), content=list_contents(SPACE))
    def find_an_older_list(self, name: str, content: ListContent) -> None:
        """Imported when nothing of it was anybody's."""
        now = self.plant.clock.now()
        with self._database.write() as work:
            work.record("list.imported", ANN, at=now, payload={})
            work.lists.add_version(
                name, content, source="test", at=now, rejected=0, sha256=f"{now}"
            )

    # -- time, and the controller --------------------------------------------------------

    @rule(by=st.integers(1, 90), only_the_clock=st.booleans(), back=st.booleans())
    def time_passes(self, by: int, only_the_clock: bool, back: bool) -> None:
        clock = self.plant.clock
        if not only_the_clock:
            clock.advance(60.0 * by)
        else:
            clock.step(-20.0 * by if back else 60.0 * by)

    @rule(what=st.sampled_from(["busy", "restart", "tidy"]))
    def the_controller(self, what: str) -> None:
        match what:
            case "busy":
                self.napping = True
            case "restart":
                self.loop.end()
                self.loop = Loop(self.plant, self.book)
            case "tidy":
                self.loop.settle()
                self.loop.prune()

    # -- the inventory -------------------------------------------------------------------

    @rule(stated=stated_inventories(SPACE))
    def reload(self, stated: Topology) -> None:
        self.plant.stated = stated
        assert self.plant.app.inventory_reload(ANN).ok

    @rule(stated=stated_inventories(SPACE))
    def protect_otherwise(self, stated: Topology) -> None:
        """The same files but for what is protected."""
        assert self.plant.stated is not None
        self.plant.stated = replace(self.plant.stated, protected=stated.protected)
        assert self.plant.app.inventory_reload(ANN).ok

    @rule(
        what=st.sampled_from(["retire", "mode", "confirm-gone", "move"]),
        name=devices,
        customer=st.sampled_from(CUSTOMERS),
        place=st.sampled_from(INTERFACES),
        mode=st.sampled_from(["observe", "enforce", "inventory"]),
    )
    def decide(self, what: str, name: str, customer: str, place: str, mode: str) -> None:
        app = self.plant.app
        move = MoveAttachment(customer=customer, device=name, place=place, reason="test")
        ways: dict[str, Callable[[], object]] = {
            "retire": lambda: app.device_retire(ANN, name, "test"),
            "mode": lambda: app.device_mode(ANN, name, mode, "test"),
            "confirm-gone": lambda: app.customer_confirm_gone(ANN, customer, "test"),
            "move": lambda: app.attachment_move(ANN, move),
        }
        self.attempt(ways[what])

    @rule(name=devices)
    def release(self, name: str) -> None:
        self.attempt(partial(self.plant.app.device_release, ANN, name, "checked"))

    @rule(
        what=st.sampled_from(["pause", "freeze", "resume", "resume", "one", "one on", "marker"]),
        name=devices,
    )
    def stop_or_go_on(self, what: str, name: str) -> None:
        app, box = self.plant.app, self.plant.box(name)
        ways: dict[str, Callable[[], object]] = {
            "pause": lambda: app.pause(ANN, "test"),
            "freeze": lambda: app.freeze(ANN, "test"),
            "resume": lambda: app.resume(ANN),
            "one": lambda: app.device_pause(ANN, name, "test"),
            "one on": lambda: app.device_resume(ANN, name),
            "marker": lambda: box.put_hold(not box.hold),
        }
        self.attempt(ways[what])

    # -- passes and faults ---------------------------------------------------------------

    @rule(full=st.booleans())
    def look_at_all(self, full: bool) -> None:
        for name in DEVICES:
            self.visit(name, full)

    def visit(self, name: str, full: bool) -> bool:
        """One pass, and what the device holds after it; whether it is proved."""
        self.look()
        if name not in self.loop.shadows:
            return True
        facts = self.loop.visit(name, full)
        if facts is None:
            return False
        self.sound = False
        now, box = self.now, self.plant.box(name)
        self.tables[name] = box.table()
        control = self.plant.control(name)
        proved = facts.outcome in PROVED and not control.contests
        paused = self.plant.world.pause() is PauseState.PAUSED or control.paused
        if proved and not facts.held:
            self.verdicts.check_held(box, self.loop.shadows[name].desired, now)
        elif proved and paused:
            self.verdicts.check_no_more(box, self.verdicts.wanted(name, now))
        self.sound = True
        return proved and not facts.held

    @rule(
        name=devices,
        at=st.sampled_from([Point.CONNECT, Point.READ, Point.READ_BACK, Point.STAGE, Point.STAGED]),
        how=st.sampled_from(["unreachable", "rejected", "half way", "unknown", "abandoned"]),
        commands=st.integers(0, 6),
        empty=st.booleans(),
        full=st.booleans(),
    )
    def fail(self, name: str, at: Point, how: str, commands: int, empty: bool, full: bool) -> None:
        """A pass in which something goes wrong."""
        faults = self.plant.box(name).faults
        if empty:
            self.plant.box(name).flush()
        match how:
            case "unreachable":
                faults.fail(at, DeviceUnreachable)
            case "rejected":
                faults.fail(at, CommandRejected)
            case "half way":
                faults.cut_after(commands)
            case "unknown":
                faults.confirm_with(Applied.UNKNOWN)
            case "abandoned":
                faults.confirm_with(Applied.ABANDONED)
        self.visit(name, full)
        faults.recover()

    @rule(
        name=devices,
        what=st.sampled_from(["flush", "reboot", "hook", "restore", "take out", "put in"]),
        pick=picks,
        prefix=prefixes(SPACE),
        key=st.sampled_from([Key.SOURCE, Key.DESTINATION]),
        times=st.sampled_from([0, 0, 3]),
    )
    def tamper(
        self, name: str, what: str, pick: int, prefix: Network, key: Key, times: int
    ) -> None:
        """Somebody, or fate, changes what is ours; perhaps again and again."""
        for _ in range(times):
            self._tamper(name, what, pick, prefix, key)
            self.visit(name, full=True)
        self._tamper(name, what, pick, prefix, key)

    def _tamper(self, name: str, what: str, pick: int, prefix: Network, key: Key) -> None:
        box = self.plant.box(name)
        members = box.table().members
        there = sorted(((r, p) for r in members for p in members[r]), key=repr)
        span = int(prefix.network_address), int(prefix.broadcast_address)
        command = AddMember(Rule(prefix.version, key), span, Entry(NO_END, -1))
        match what:
            case "flush":
                box.flush()
            case "reboot":
                box.reboot()
            case "hook":
                box.put_object(HOOK, "accept everything")
            case "restore":
                box.restore(self.tables[name])
            case "take out" if there:
                box.remove(*there[pick % len(there)])
            case "put in" if box.table().apply(command) is None:
                box.edit(command)

    # -- the end -------------------------------------------------------------------------

    @precondition(lambda self: self.now.held)
    @rule()
    def everything_is_released_and_quiet(self) -> None:
        """Then every device is what the present inventory says, compiled from nothing."""
        app = self.plant.app
        app.resume(ANN)
        for name, box in self.plant.boxes.items():
            box.faults.recover()
            box.put_hold(False)
            self.attempt(partial(app.device_resume, ANN, name))
            self.attempt(partial(app.device_mode, ANN, name, "enforce", "quiet"))
        proved = [False]
        for _ in range(ROUNDS):
            for name in DEVICES:  # Again: something may be contested only now.
                self.attempt(partial(app.device_release, ANN, name, "quiet"))
            proved = [self.visit(name, full=True) for name in DEVICES]
            before = self.now.topology
            self.loop.settle()
            after = self.now.topology
            for name in before.devices.keys() - after.devices.keys():
                assert not self.plant.box(name).rows(), f"{name} left with members of ours"
            if all(proved) and after.digest == before.digest:
                break
        else:
            raise AssertionError(f"the devices do not come to rest: {proved}")
        now = self.now
        assert not now.held, "still held after the release"
        draining = [n for n, d in after.devices.items() if d.leaving is Leaving.DRAINING]
        assert not draining, f"{draining}: still being retired, and proved empty"
