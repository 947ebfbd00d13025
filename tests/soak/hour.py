# SPDX-License-Identifier: GPL-2.0-or-later
"""An hour by a clock that is turned by hand: everything at once, drawn by a seed.

Four devices: a kernel's nftables and three in memory. The controller's loop has no threads here,
so that a seed always lives the same hour, and dies at any of its steps: nothing is left of it but
the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from drivers.nftables.driver import NftablesDriver
from enforcer.application.commands import AmendOrder, ChangeEnd, ImportList, LiftOrder, PlaceOrder
from enforcer.application.views import OrderView
from enforcer.control.evidence import Evidence
from enforcer.control.facts import Outcome, PassFacts
from enforcer.control.filling import fill
from enforcer.control.reconciler import Reconciler
from enforcer.control.steps import Step
from enforcer.core.orders import Demand, Scope, in_force
from enforcer.core.plan import Trait
from enforcer.core.rules import NO_END, Key, Owner, Rule
from enforcer.core.topology import ROLE_BORDER, Device, Mode, Topology
from enforcer.driver_api import Driver
from enforcer.errors import CommandRejected, DeviceUnreachable, InvalidInput, NotFound
from enforcer.storage.database import Database
from tests.fakes.device import FakeDevice
from tests.fakes.faults import Point
from tests.fakes.table import HOOK, HOOK_TEXT
from tests.oracle import Packet, rules_drop
from tests.soak.ledger import Ledger
from tests.soak.service import Violation
from tests.soak.space import LISTS, Draw, said, text_of
from tests.soak.strangers import Stranger
from tests.soak.wire import Wire
from tests.unit.control.loop import Loop
from tests.unit.usecases.plant import ANN, Plant

HOUR = timedelta(hours=1)
KERNEL = "kernel"
TRAITS = {
    "expiring": Trait.ATOMIC | Trait.SELF_EXPIRING | Trait.WATCHABLE,
    "plain": Trait(0),
    "candidate": Trait.ATOMIC | Trait.CANDIDATE,
}
_IN_MEMORY = Scope(devices=tuple(TRAITS))
_MOST_ORDERS = 30
_READ, _SENT = 40, 20
_PASSES = 12
"""A device that is not settled after so many passes never is."""
_DEATH_SHARE = 0.08
_LONGEST_PAUSE = 8.0

DriverFor = Callable[[Device, Owner], Driver]


class Killed(BaseException):
    """The controller died at a step."""


class NoCredentials:
    """The kernel asks for none."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        raise NotFound(f"there is no credential {reference}")


def drivers_of_kernels(device: Device, owner: Owner) -> Driver:
    """The real one."""
    return NftablesDriver.from_device(device, NoCredentials(), owner)


def inventory(namespace: str) -> Topology:
    """Four border routers."""
    shared = {"roles": frozenset({ROLE_BORDER}), "mode": Mode.ENFORCE}
    devices = [Device(KERNEL, "nftables", transport={"netns": namespace}, **shared)]  # type: ignore[arg-type]  # fields of a device
    devices += [Device(name, "fake", **shared) for name in TRAITS]  # type: ignore[arg-type]  # fields of a device
    return Topology({device.name: device for device in devices}, {}, documentation_space=True)


class Installation(Plant):
    """`kernels`: makes the drivers of what is not in memory."""

    def __init__(self, database: Database, stated: Topology, kernels: DriverFor) -> None:
        self._kernels = kernels
        super().__init__(database, stated)

    def _driver_for(self, device: Device, owner: Owner) -> Driver:
        if device.platform == "fake":
            return super()._driver_for(device, owner)
        return self._kernels(device, owner)


class MortalLoop(Loop):
    """Announces every step to `step`, which may end it."""

    def __init__(self, plant: Plant, step: Step) -> None:
        self._announce = step
        super().__init__(plant)
        self._evidence = Evidence(plant.database, step)

    def _reconciler(self, name: str) -> Reconciler:
        device = self.book.topology.devices[name]
        made = super()._reconciler(name)
        evidence, clock = self._evidence, self._plant.clock
        return Reconciler(
            device, made.driver, made.state, evidence, self._owner, clock, self._announce
        )


@dataclass
class Hour:
    """One hour. `done`: what happened, how often."""

    database: Database
    wire: Wire
    chance: Random
    kernels: DriverFor = drivers_of_kernels
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        stated = inventory(self.wire.router)
        self.plant = Installation(self.database, stated, self.kernels)
        for name, traits in TRAITS.items():
            tokens = name != "candidate"
            self.plant.boxes[name] = FakeDevice(name, self.plant.clock, traits, tokens=tokens)
        self.plant.reload()
        self.ledger = Ledger(stated)
        self.draw = Draw(self.chance)
        self.stranger = Stranger(self.wire.router, self.chance)
        self.away: set[str] = set()
        self._fuse = -1
        self.loop = MortalLoop(self.plant, self._step)
        self._operations: tuple[tuple[int, str, Callable[[], None]], ...] = (
            (30, "place", self.place),
            (12, "lift", self.lift),
            (8, "change an end", self.change_end),
            (3, "amend", self.amend),
            (7, "import a list", self.import_list),
            (14, "edit the kernel's", self.edit_kernel),
            (16, "edit a device in memory", self.edit_box),
            (5, "away or back", self.away_or_back),
            (6, "a pass fails half way", self.fail),
            (4, "set the clock", self.set_clock),
            (4, "restart", self.restart),
        )

    def live(self, lasts: timedelta = HOUR) -> None:
        """Until so much time has passed on its clock. Raises Violation."""
        began = self.plant.clock.monotonic()
        for name in LISTS:
            self._import(name)
        while self.plant.clock.monotonic() - began < lasts.total_seconds():
            weights = [weight for weight, _, _ in self._operations]
            ((_, name, act),) = self.chance.choices(self._operations, weights)
            if self.chance.random() < _DEATH_SHARE:
                self._fuse = self.chance.randint(1, 25)
            self.plant.clock.advance(self.chance.random() * _LONGEST_PAUSE)
            self.done[name] += 1
            act()
            self.settled()
        self.finish()

    # -- what people do ------------------------------------------------------------------

    def place(self) -> None:
        """One order; what ends by the clock is not for the kernel, which has its own."""
        now = self.plant.clock.now()
        if len(self.ledger.current(now)) >= _MOST_ORDERS:
            return self.lift()
        lasts = self.chance.choice((None, None, 20.0, 60.0, 300.0, 1200.0))
        later = self.chance.choice((None, None, 5.0, 30.0))
        self._ordered(self.draw.demand(), lasts, later)
        return None

    def _ordered(self, demand: Demand, lasts: float | None, later: float | None) -> OrderView:
        scope = Scope() if lasts is None else _IN_MEMORY
        command = PlaceOrder(
            demand=demand,
            reason="soak",
            start_after=None if later is None else timedelta(seconds=later),
            duration=None if lasts is None else timedelta(seconds=lasts),
            open_ended=lasts is None,
            scope=scope,
            confirm_wide=True,
            confirm_collateral=True,
        )
        view = self.plant.app.place(ANN, command)
        self.ledger.placed(view.id, demand, view.start, view.end, scope)
        return view

    def _current(self) -> str | None:
        found = self.ledger.current(self.plant.clock.now())
        return self.chance.choice(found) if found else None

    def lift(self) -> None:
        """One order."""
        name = self._current()
        if name is not None:
            view = self.plant.app.lift(ANN, LiftOrder(order=name, reason="soak"))
            self.ledger.lifted(name, view.lifted or self.plant.clock.now())

    def change_end(self) -> None:
        """Sooner or later, of an order that ends by the clock."""
        now = self.plant.clock.now()
        timed = [n for n in self.ledger.current(now) if self.ledger.orders[n].end is not None]
        if not timed:
            return
        name = self.chance.choice(timed)
        old, new = (
            self.ledger.orders[name].end,
            now + timedelta(seconds=self.chance.randint(5, 900)),
        )
        command = ChangeEnd(order=name, extend=old is not None and new >= old, end=new)
        self.ledger.ends(name, self.plant.app.change_end(ANN, command).end)

    def amend(self) -> None:
        """Words only."""
        name = self._current()
        if name is not None:
            self.plant.app.amend(ANN, AmendOrder(order=name, reason=f"soak {name}"))

    def import_list(self) -> None:
        """Most of it as before, or none of it."""
        self._import(self.chance.choice(LISTS))

    def _import(self, name: str) -> None:
        before = self.ledger.lists.get(name, ())
        kept = tuple(p for p in before if self.chance.random() < 0.7)
        entries = (*kept, *self.draw.prefixes(4))[-10:]
        command = ImportList(name=name, text=text_of(entries), source="soak", confirm_shrink=True)
        self.plant.app.import_list(ANN, command)
        self.ledger.lists[name] = entries

    # -- what strangers and fate do --------------------------------------------------------

    def edit_kernel(self) -> None:
        """Somebody at a shell on the router."""
        kind, _ = self.stranger.edit()
        self.done[f"nft: {kind or 'found nothing'}"] += 1

    def edit_box(self) -> None:
        """Somebody on a device in memory."""
        box = self.plant.box(self.chance.choice(list(TRAITS)))
        what = self.chance.choice(("flush", "reboot", "hook", "take out", "take out", "put in"))
        members = box.table().members
        there = sorted(((r, p) for r in members for p in members[r]), key=repr)
        net = self.draw.prefix()
        place = int(net.network_address), int(net.broadcast_address)
        rule = Rule(net.version, Key.SOURCE)
        ways: dict[str, Callable[[], object]] = {
            "flush": box.flush,
            "reboot": box.reboot,
            "hook": lambda: box.put_object(HOOK, "accept everything"),
            "take out": lambda: box.remove(*self.chance.choice(there)) if there else None,
            "put in": lambda: box.add(rule, place, end=NO_END),
        }
        spans = [p for p in members.get(rule, {}) if isinstance(p, tuple)]
        if what == "put in" and any(p[0] <= place[1] and place[0] <= p[1] for p in spans):
            return
        ways[what]()
        self.done[f"in memory: {what}"] += 1

    def away_or_back(self) -> None:
        """A device in memory does not answer any more, or again."""
        name = self.chance.choice(list(TRAITS))
        if name in self.away:
            self.away.remove(name)
            self.plant.box(name).faults.recover()
        else:
            self.away.add(name)
            for at in (Point.CONNECT, Point.FINGERPRINT, Point.READ):
                self.plant.box(name).faults.keep_failing(at, DeviceUnreachable)

    def fail(self) -> None:
        """In the middle of the next writing."""
        name = self.chance.choice([n for n in TRAITS if n not in self.away] or [*TRAITS])
        faults = self.plant.box(name).faults
        match self.chance.choice(("line", "rejected", "read-back")):
            case "line":
                faults.cut_after(self.chance.randint(0, 4))
            case "rejected":
                faults.fail(Point.STAGE, CommandRejected)
            case _:
                faults.fail(Point.READ_BACK, DeviceUnreachable)

    def set_clock(self) -> None:
        """As an administrator does; where it goes back, the controller reads all orders anew."""
        by = self.chance.choice((-90.0, -10.0, 10.0, 120.0))
        self.plant.clock.step(by)
        if by < 0:
            fill(self.loop.book, self.database, self.plant.clock.now(), held=False)

    def restart(self) -> None:
        """In order: what is kept in memory is gone all the same."""
        self.loop.end()
        self.loop = MortalLoop(self.plant, self._step)

    def _step(self, name: str) -> None:
        if self._fuse > 0:
            self._fuse -= 1
        if self._fuse == 0:
            self._fuse = -1
            self.done[f"died at {name.rstrip('0123456789')}"] += 1
            raise Killed(name)

    # -- what must be so -------------------------------------------------------------------

    def settled(self) -> None:
        """Every device that answers is as the ledger says. Raises Violation."""
        for name in self.plant.world.topology.devices:
            if self._settle(name):
                self._check(name)

    def _settle(self, name: str) -> bool:
        """Passes until nothing is left to do; False: the device is away."""
        found: PassFacts | None = None
        for _ in range(_PASSES):
            try:
                self.loop.follow()
                found = self.loop.visit(name, full=self.chance.random() < 0.2)
            except Killed:
                self.restart()
                continue
            if found is None and name in self.away:
                return False
            if found is not None and found.outcome is Outcome.CLEAN and not self._released(name):
                return True
        raise Violation(f"{name} is not settled after {_PASSES} passes: {found}")

    def _released(self, name: str) -> bool:
        """Whether a person had to say that something is to be taken up again."""
        control = self.plant.control(name)
        if control.hold is None and not control.contests:
            return False
        self.plant.app.device_release(ANN, name, "soak")
        self.done["released by a person"] += 1
        return True

    def _check(self, name: str) -> None:
        now = self.plant.clock.now()
        current = [o for o in self.ledger.orders.values() if in_force(o, now)]
        packets = self.draw.packets(_READ // 2) + self.draw.packets_about(current, _READ // 2)
        wanted = self.ledger.verdicts([replace(p, device=name) for p in packets], now)
        self._agree(name, packets, [self._drops(name, packets), wanted])
        if name == KERNEL:
            arrived = self.wire.arrives(packets[-_SENT:])
            self._agree("the wire", packets[-_SENT:], [[not a for a in arrived], wanted[-_SENT:]])
            self.done["packets sent"] += _SENT
        self.done["settled passes checked"] += 1

    def _drops(self, name: str, packets: list[Packet]) -> list[bool]:
        if name == KERNEL:
            ruleset = self.stranger.listed()
            return [ruleset.drops(packet) for packet in packets]
        table = self.plant.box(name).table()
        standing, hooked = table.standing(""), table.objects.get(HOOK) == HOOK_TEXT
        return [hooked and rules_drop(packet, standing) for packet in packets]

    def _agree(self, where: str, packets: list[Packet], verdicts: list[list[bool]]) -> None:
        found, wanted = verdicts
        wrong = [
            f"{said(packet)} is {'' if so else 'not '}to be dropped"
            for packet, is_so, so in zip(packets, found, wanted, strict=True)
            if is_so is not so
        ]
        if wrong:
            raise Violation(f"{where} after {self.done.total()} operations: {wrong}")

    def finish(self) -> None:
        """Everything is lifted; nothing remains, and the record is whole. Raises Violation."""
        for name in [*self.away]:
            self.away.remove(name)
            self.plant.box(name).faults.recover()
        for name in self.ledger.orders:
            with suppress(InvalidInput):
                view = self.plant.app.lift(ANN, LiftOrder(order=name, reason="soak"))
                self.ledger.lifted(name, view.lifted or self.plant.clock.now())
        self._fuse = -1
        self.settled()
        left = [n for n in TRAITS if any(self.plant.box(n).table().members.values())]
        listed = self.stranger.listed()
        left += [n for n, some in listed.sets.items() if some and n != "owner_mark"]
        with self.database.read() as reader:
            chain, open_intents = reader.audit.verify(), reader.audit.open_intents()
        if left or not chain.ok or open_intents:
            raise Violation(f"in the end: {left} {chain.why} {open_intents}")
