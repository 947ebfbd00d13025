# SPDX-License-Identifier: GPL-2.0-or-later
"""One element: the driver's session beside one raw netlink transaction and the nft program.

The driver writes in the router's namespace; raw netlink and nft write in another node's, into a
set of the same kind that a rule looks at, so that neither sees the other's generation move.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from drivers.nftables.driver import NftablesDriver
from drivers.nftables.netlink import encode
from drivers.nftables.netlink.columns import NewElements, SetRef
from drivers.nftables.netlink.socket import NftSocket
from enforcer.clock import SystemClock
from enforcer.core.drift import Change, Delta, Drift, compare, compare_region, tally_of
from enforcer.core.instants import to_ms
from enforcer.core.intervals import Ranges
from enforcer.core.orders import order_id
from enforcer.core.patch import patch
from enforcer.core.raw import Raw
from enforcer.core.rules import Actual, Desired, Key, Members, Owner, Rule
from enforcer.core.topology import Device, Mode
from enforcer.driver_api import GRACE_MS, Session
from tests.bench.addresses import hosts, networks, pick, without
from tests.bench.by_hand import elements, script, sets_of
from tests.bench.chapters import Chapter
from tests.bench.ground import Node, Say, Size, interleaved

NAME = "element"
DEVICE = "r"
RULE = Rule(4, Key.SOURCE)
STAGE, PLANNED, WHOLE = "driver: stage", "driver: plan + stage", "driver: whole"
FLOOR = "raw netlink"
_DAY_MS = 86_400_000

METHOD = """
One more IPv4 member, with comment and timeout, beside those that stand already: a host
(hash sets; the driver splits above 50,000) or a prefix (interval sets; the driver splits above
8,000). Baselines write into one set that is not split: `raw netlink` is one transaction with one
element on an open socket, the fastest that there is; `nft` is the program `nft add element`,
from before it begins until it has ended. The driver's session is open, and the desired state is
computed by its change alone before the time begins, as in a running controller:
`stage` writes the one-member batch; `plan + stage` computes it first; `whole` also reads the
element back and compares. What was added is removed again outside the time measured."""


class _Credentials:
    def resolve(self, reference: str) -> str:
        raise AssertionError(f"nothing here has a secret: {reference}")


class Router:
    """The driver on the lab's router, with an open session."""

    def __init__(self, netns: str, members: Members) -> None:
        device = Device(DEVICE, "nftables", mode=Mode.ENFORCE, transport={"netns": netns})
        self.driver = NftablesDriver.from_device(device, _Credentials(), Owner("BENCH", 1))
        self._opened = self.driver.connect()
        self.session: Session = self._opened.__enter__()
        self.desired = _desired(members)
        self.actual = self._fill()

    def _fill(self) -> Actual:
        actual = self.session.read_state()
        drift = compare(self.desired, actual, self.driver.findings(self.desired, actual))
        for batch in self.driver.plan(self.desired, drift, actual).batches:
            self.session.stage(batch, guarded=False)
        return self.session.read_state()

    def add(self, member: Members) -> dict[str, float]:
        """Add one member; the seconds until each point."""
        delta = Delta({RULE: Change(member, Members.none())})
        wanted = _desired(_with(self.desired.addresses.get(RULE, Members.none()), member))
        began = time.monotonic()
        plan = self.driver.plan(wanted, Drift(delta, tally_of(delta)), self.actual)
        planned = time.monotonic()
        (batch,) = plan.batches
        staged = self.session.stage(batch)
        written = time.monotonic()
        wrong = compare_region(delta, self.session.read_state(batch.region))
        staged.confirm()
        proved = time.monotonic()
        assert not wrong, wrong.examples
        self._remove(wanted, member)
        return {
            STAGE: written - planned,
            PLANNED: written - began,
            WHOLE: proved - began,
        }

    def _remove(self, wanted: Desired, member: Members) -> None:
        delta = Delta({RULE: Change(Members.none(), member)})
        plan = self.driver.plan(self.desired, Drift(delta, tally_of(delta)), self.actual)
        for batch in plan.batches:
            self.session.stage(batch)

    def close(self) -> None:
        """Give the session back and take the table away."""
        self._opened.__exit__(None, None, None)


def _desired(members: Members) -> Desired:
    return Desired(DEVICE, {RULE: members} if len(members) else {})


def _with(members: Members, more: Members) -> Members:
    if not len(members):
        return more
    wanted, _ = patch(members, Raw(more, {}), Ranges(more.first, more.last))
    return wanted


class ByHand:
    """The same set in another namespace, by raw netlink and by the nft program."""

    def __init__(self, node: Node, members: Members) -> None:
        self._node = node
        sets = sets_of({RULE: members})
        node.nft(script(sets, _now_ms(), filled=False))
        self._kernel = NftSocket.open(str(node.netns))
        for one in sets:
            if len(one.members):
                self._kernel.commit(encode.add_elements(one.reference, _new(one.members)))

    def raw(self, member: Members) -> dict[str, float]:
        """Add one element by one transaction on the open socket."""
        target = _target(member)
        new = _new(member)
        began = time.monotonic()
        self._kernel.commit(encode.add_elements(target, new))
        took = time.monotonic() - began
        self._kernel.commit(encode.delete_elements(target, new))
        return {FLOOR: took}

    def nft(self, member: Members) -> dict[str, float]:
        """Add one element by the program."""
        target = _target(member)
        (text,) = elements(member, RULE.family, _now_ms())
        words = ("nft", "add", "element", "inet", target.table, target.name, f"{{ {text} }}")
        took = self._node.timed(*words)
        self._kernel.commit(encode.delete_elements(target, _new(member)))
        return {"nft": took}

    def close(self) -> None:
        """Close the socket."""
        self._kernel.close()


def _target(member: Members) -> SetRef:
    (target,) = (one.reference for one in sets_of({RULE: member}) if len(one.members))
    return target


def _new(members: Members) -> NewElements:
    names = {n: order_id(n).encode() for n in np.unique(members.order).tolist()}
    comment = np.array([names[n] for n in members.order.tolist()], np.bytes_)
    timeout = members.end + GRACE_MS - _now_ms()
    return NewElements(members.first, members.last, timeout, comment)


def _now_ms() -> int:
    return to_ms(SystemClock().now())


def _situation(
    kind: str, members: Members, spare: Members, rounds: int, nodes: Mapping[str, Node]
) -> tuple[str, dict[str, list[float]], list[str]]:
    """Measure beside `members`; the rows to add come from `spare`."""
    remarks: list[str] = []
    router = Router(str(nodes["r"].netns), members)
    hand = ByHand(nodes["b"], members)

    def member(number: int) -> Members:
        return pick(spare, number % len(spare))

    try:
        times = interleaved(
            rounds,
            [
                lambda number: router.add(member(number)),
                lambda number: hand.raw(member(number)),
                lambda number: hand.nft(member(number)),
            ],
            remarks,
        )
    finally:
        router.close()
        hand.close()
        for node in nodes.values():
            node.nft("flush ruleset\n")
    return f"{kind} beside {len(members):,}", times, remarks


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "One element, driver alone", METHOD)
    nodes = {name: Node(name) for name in ("r", "b")}
    end = _now_ms() + _DAY_MS
    kinds: Mapping[str, tuple[Callable[..., Members], bool]] = {
        "host": (hosts, False),
        "prefix": (networks, True),
    }
    for kind, (make, slow) in kinds.items():
        for count in size.members:
            many = slow and count > 10_000
            rounds = size.medium // 2 if many else size.short
            all_members, spare = without(make(count + 50, count, end=end), 50)
            say(f"one {kind} beside {count:,}, {rounds} rounds")
            situation, times, remarks = _situation(kind, all_members, spare, rounds, nodes)
            chapter.remarks += remarks
            for subject in (STAGE, PLANNED, WHOLE):
                chapter.compare(situation, times, subject, FLOOR, subject == STAGE)
            chapter.compare(situation, times, WHOLE, "nft", headline=True)
            chapter.compare(situation, times, FLOOR, "nft")
    return chapter
