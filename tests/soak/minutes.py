# SPDX-License-Identifier: GPL-2.0-or-later
"""Real minutes: a real service that is killed, a real kernel, strangers, and real packets.

After each operation the kernel's own listing, read with no code of the driver's, must agree with
the ledger of what people were told, packet by packet; and packets that are sent must fare so.
What a stranger changed must be put right without anybody asking.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from enforcer import bootstrap
from enforcer.application.commands import PlaceOrder
from enforcer.application.requests import place_body
from enforcer.clock import SystemClock
from enforcer.core.orders import Order, in_force
from tests.oracle import Packet
from tests.soak.ledger import Ledger
from tests.soak.service import Answer, People, Refused, Service, Violation, instant
from tests.soak.space import LISTS, Draw, said, text_of
from tests.soak.strangers import Stranger
from tests.soak.wire import Lost, Wire

EDGE = "edge1"
MOST_ORDERS = 40
READ, SENT = 150, 60
"""So many packets are looked up in a listing, and so many are sent."""
UNAIDED = 30.0
"""Seconds within which an edit is put right without a person, a death of the service included."""
_POLL = 0.02
_KILL_SHARE = 0.06
_LONGEST_FUSE = 0.4
_LATEST = 12
"""So many operations are told where something is wrong."""


@dataclass
class Told:
    """What a run did. `repairs`: seconds from a stranger's edit to a kernel that is right."""

    done: Counter[str] = field(default_factory=Counter)
    latest: deque[str] = field(default_factory=lambda: deque(maxlen=_LATEST))
    repairs: list[float] = field(default_factory=list)
    settled: int = 0
    looked_up: int = 0
    sent: int = 0
    released: int = 0
    dropped: int = 0


@dataclass
class Soak:
    """One run; `step` is one operation with everything that must be so after it."""

    service: Service
    wire: Wire
    chance: Random
    told: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        topology = bootstrap.topology(self.service.installed.settings)
        self.people = People(self.service)
        self.ledger = Ledger(topology)
        self.draw = Draw(self.chance)
        self.stranger = Stranger(self.wire.router, self.chance)
        self.clock = SystemClock()
        self._operations: tuple[tuple[int, str, Callable[[], None]], ...] = (
            (40, "place", self.place),
            (14, "lift", self.lift),
            (8, "change an end", self.change_end),
            (4, "amend", self.amend),
            (6, "import a list", self.import_list),
            (26, "a stranger's edit", self.tamper),
            (3, "kill and look away", self.kill_unseen),
            (9, "wait", self.wait),
        )

    def begin(self) -> None:
        """Start the service, and import what orders name."""
        self.service.running()
        for name in LISTS:
            self._import(name)
        self.settled()

    def step(self) -> None:
        """One operation, perhaps with a death in it, and the checks. Raises Violation."""
        weights = [weight for weight, _, _ in self._operations]
        ((_, name, act),) = self.chance.choices(self._operations, weights)
        fuse = None
        if self.chance.random() < _KILL_SHARE:
            fuse = threading.Timer(self.chance.random() * _LONGEST_FUSE, self.service.kill)
            fuse.start()
        try:
            act()
        except Refused:
            name = f"{name}, refused"
        self.told.done[name] += 1
        self.told.latest.append(name if fuse is None else f"{name}, a kill after {fuse.interval}")
        self.settled()
        if fuse is not None:
            fuse.join()
            self.settled()

    # -- what people do ------------------------------------------------------------------

    def place(self) -> None:
        """One order, for seconds or for long, now or soon."""
        if len(self.ledger.current(self.clock.now())) >= MOST_ORDERS:
            return self.lift()
        lasts = self.chance.choice((1.5, 4.0, 10.0, 3600.0, 3600.0, 86400.0))
        later = self.chance.choice((None, None, None, 1.0, 3.0))
        command = PlaceOrder(
            demand=self.draw.demand(),
            reason="soak",
            start_after=None if later is None else timedelta(seconds=later),
            duration=timedelta(seconds=lasts),
            confirm_wide=True,
            confirm_collateral=True,
        )
        view = self.people.post("/orders", place_body(command))
        if "start" not in view:
            raise Violation(f"placed, and the answer is {view}")
        start = instant(view["start"])
        assert start is not None
        self.ledger.placed(view["id"], command.demand, start, instant(view["end"]))
        return None

    def _some_order(self) -> str:
        current = self.ledger.current(self.clock.now())
        if not current:
            raise Refused("there is none")
        return self.chance.choice(current)

    def lift(self) -> None:
        """One order."""
        name = self._some_order()
        view = self.people.post(f"/orders/{name}/lift", {"reason": "soak"})
        lifted = instant(view["lifted"])
        if lifted is not None:
            self.ledger.lifted(name, lifted)

    def change_end(self) -> None:
        """Longer or shorter; what ends meanwhile is refused."""
        name = self._some_order()
        order = self.ledger.orders[name]
        end = self.clock.now() + timedelta(seconds=self.chance.choice((2.0, 6.0, 7200.0)))
        longer = order.end is not None and order.end <= end
        view = self.people.post(
            f"/orders/{name}/{'extend' if longer else 'shorten'}",
            {"end": end.isoformat(), "reason": "soak"},
        )
        self.ledger.ends(name, instant(view["end"]))

    def amend(self) -> None:
        """Words only: nothing may change on a device."""
        body = {"reason": f"soak {self.chance.random()}"}
        self.people.post(f"/orders/{self._some_order()}", body, method="PATCH")

    def import_list(self) -> None:
        """Another version of a list, most of it as before or none of it."""
        self._import(self.chance.choice(LISTS))

    def _import(self, name: str) -> None:
        before = self.ledger.lists.get(name, ())
        kept = tuple(p for p in before if self.chance.random() < 0.7)
        entries = (*kept, *self.draw.prefixes(4))[-12:]
        body = {"text": text_of(entries), "source": "soak", "confirm_shrink": True}
        self.people.post(f"/lists/{name}", body)
        self.ledger.lists[name] = entries

    def wait(self) -> None:
        """Time passes, and orders begin and end."""
        self.clock.sleep(self.chance.random() * 2)

    # -- what strangers and fate do ------------------------------------------------------

    def tamper(self) -> None:
        """A stranger changes something of ours; it is put right without anybody asking."""
        kind, script = self.stranger.edit()
        self.told.done[f"stranger: {kind or 'found nothing'}"] += 1
        self.told.latest.append(script)
        began = self.clock.monotonic()
        deadline = began + UNAIDED
        while wrong := self.differences():
            if self._released():
                deadline = self.clock.monotonic() + UNAIDED
            if self.clock.monotonic() > deadline:
                raise Violation(f"nobody put right after {kind!r}: {wrong}")
            self.service.running()
            self.clock.sleep(_POLL)
        self.told.repairs.append(self.clock.monotonic() - began)

    def kill_unseen(self) -> None:
        """Nobody watches while a stranger edits and orders end."""
        self.service.kill()
        for _ in range(self.chance.randint(0, 3)):
            self.told.latest.append(self.stranger.edit()[1])
        self.clock.sleep(self.chance.random() * 2)

    def _released(self) -> bool:
        """Whether a person had to say that something is to be taken up again."""
        device = self.people.get(f"/devices/{EDGE}")
        if not (device["contested"] or device["held"]):
            return False
        self.people.post(f"/devices/{EDGE}/release", {"reason": "soak"})
        self.told.released += 1
        return True

    # -- what must be so -----------------------------------------------------------------

    def settled(self) -> None:
        """A full pass, then the kernel and packets agree with the ledger. Raises Violation."""
        since, found = self._passed()
        while self._released():
            since, found = self._passed()
        wrong = self.differences(since)
        if wrong:
            again = self.people.post(f"/devices/{EDGE}/reconcile")
            raise Violation(f"after a settled pass {found}: {wrong}; then {again}")
        self.told.settled += 1
        self._send(since)

    def _passed(self) -> tuple[datetime, Answer]:
        """A full pass, and an instant before it. Raises Violation where it failed."""
        since = self.clock.now()
        found = self.people.post(f"/devices/{EDGE}/reconcile")
        if found["outcome"] == "failed":
            raise Violation(f"a pass failed: {found}")
        return since, found

    def differences(self, since: datetime | None = None) -> list[str]:
        """Packets that the kernel's listing and the ledger disagree about.

        Passed over are those about which the ledger changed its mind `since`.
        """
        before = since or self.clock.now()
        ruleset = self.stranger.listed()
        after = self.clock.now()
        packets = self._packets(READ)
        self.told.looked_up += len(packets)
        wrong = []
        for packet, first, last in self._judged(packets, before, after):
            if first is last and ruleset.drops(packet) is not first:
                wrong.append(f"{said(packet)} is {'' if first else 'not '}to be dropped")
        return wrong

    def _send(self, since: datetime) -> None:
        """Packets on the wire. Raises Violation."""
        packets, wrong = self._packets(SENT), list[Packet]()
        for _ in range(3):
            try:
                arrived = self.wire.arrives(packets)
            except Lost:
                continue
            after = self.clock.now()
            judged = self._judged(packets, since, after)
            wrong = [
                packet
                for (packet, first, last), came in zip(judged, arrived, strict=True)
                if first is last and came is first
            ]
            self.told.sent += len(packets)
            self.told.dropped += arrived.count(False)
            # One that passed is wrong at once; one that did not come is sent again.
            if not wrong or any(a for p, a in zip(packets, arrived, strict=True) if p in wrong):
                break
            packets = wrong
        if wrong:
            verdicts = self.ledger.verdicts(wrong, since)
            raise Violation(
                "on the wire: "
                + ", ".join(
                    f"{said(p)} to be dropped: {v}" for p, v in zip(wrong, verdicts, strict=True)
                )
            )

    def _packets(self, number: int) -> list[Packet]:
        orders: list[Order] = [
            o for o in self.ledger.orders.values() if in_force(o, self.clock.now())
        ]
        third = number // 3
        return self.draw.packets(third) + self.draw.packets_about(orders, number - third)

    def _judged(
        self, packets: list[Packet], before: datetime, after: datetime
    ) -> list[tuple[Packet, bool, bool]]:
        """With what is to be so at both instants: between them an order may begin or end."""
        first = self.ledger.verdicts(packets, before)
        return list(zip(packets, first, self.ledger.verdicts(packets, after), strict=True))

    def finish(self) -> None:
        """Everything is lifted; nothing remains, and the record is whole."""
        for name in self.ledger.current(self.clock.now()):
            view = self.people.post(f"/orders/{name}/lift", {"reason": "soak"})
            self.ledger.lifted(name, instant(view["lifted"]) or self.clock.now())
        self.settled()
        chain = self.people.post("/audit/verify")
        if not chain["ok"]:
            raise Violation(f"the audit chain: {chain}")
        self._check_orders()

    def _check_orders(self) -> None:
        """Every order that was told is stored, and no other."""
        stored: set[str] = set()
        cursor = ""
        while True:
            page = self.people.get(f"/orders?limit=1000{cursor}")
            stored |= {order["id"] for order in page["items"]}
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        told = set(self.ledger.orders)
        if stored != told:
            raise Violation(f"lost: {sorted(told - stored)}; never told: {sorted(stored - told)}")
