# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with one device's kernel: read, write one batch, read back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace

from drivers.nftables.counting import read_counters
from drivers.nftables.edits import edits
from drivers.nftables.expiry import ExpiryBook
from drivers.nftables.faults import translated
from drivers.nftables.identify import identify
from drivers.nftables.layout import Layout
from drivers.nftables.links import interfaces_up
from drivers.nftables.model import Found, Held
from drivers.nftables.names import TABLE
from drivers.nftables.netlink.attributes import Message
from drivers.nftables.netlink.errors import (
    KernelRefused,
    MovingRuleset,
    NotThere,
    StaleGeneration,
)
from drivers.nftables.netlink.objects import add_table, delete_table
from drivers.nftables.parse import ends, orders, read_contents, read_mark, reference
from drivers.nftables.planning import Setup
from drivers.nftables.ports import after, lift, read_record, shut, wanted
from drivers.nftables.ports import messages as record_messages
from drivers.nftables.reading import (
    read_found,
    read_hold,
    read_mark_elements,
    read_members,
    read_strangers,
)
from drivers.nftables.region import read_region
from drivers.nftables.shared import Shared
from drivers.nftables.shut import RECORD, RECORD_SET, SHUT, Record, members
from drivers.nftables.transport import Transport
from drivers.nftables.work import Work
from drivers.nftables.writing import element_messages, mark_messages
from enforcer.clock import Clock
from enforcer.core.instants import from_ms, to_ms
from enforcer.core.intervals import Ranges
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual, InterfaceMember, Members, Owner, Rule
from enforcer.driver_api import Applied, Counted, Fingerprint
from enforcer.errors import DeviceError, DeviceUnreachable, StaleState

_ATTEMPTS = 20
_LOOKS = 3
_PAUSE = 0.05
"""Seconds between two attempts to read a ruleset that moves."""
_GENERATIONS = 1 << 32
_UNHEARD_FROM = 500


@dataclass(frozen=True, slots=True)
class Done:
    """A transaction that stands: nf_tables commits at once and for good."""

    token: str

    def confirm(self) -> Applied:
        """It stays already."""
        return Applied.APPLIED

    def abandon(self) -> Applied:
        """It cannot be taken back; the next plan does."""
        return Applied.UNKNOWN


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """What the session knows of the table."""

    found: Found
    layouts: Mapping[Rule, Layout]
    interfaces: frozenset[Rule]
    owner: Owner | None
    record: Record = field(default_factory=dict)


class NftSession:
    """One open conversation; used by one thread."""

    def __init__(
        self, device: str, setup: Setup, transport: Transport, clock: Clock, shared: Shared
    ) -> None:
        self._device = device
        self._setup = setup
        self._transport = transport
        self._clock = clock
        self._shared = shared
        self._generation: int | None = None
        self._view: View | None = None
        self._expiry = ExpiryBook()
        with translated(device):
            self._identity = transport.identity()
            self._kernel = transport.open()
        shared.opened(self._kernel.port)

    def close(self) -> None:
        """End the conversation."""
        self._kernel.close()

    # -- reading -------------------------------------------------------------------------

    def fingerprint(self) -> Fingerprint:
        """The namespace and its generation."""
        with translated(self._device):
            self._check_alive()
            self._look_at_links()
            return self._fingerprint(self._kernel.generation().number)

    def expected(self) -> Fingerprint | None:
        """The same, if nobody has written since; links move without writing."""
        if self._generation is None or self._record:
            return None
        return self._fingerprint(self._generation)

    def _fingerprint(self, generation: int) -> Fingerprint:
        first = self._expiry.next_ms()
        return Fingerprint(self._token(generation), None if first is None else from_ms(first))

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours, or what is there of the members of `region`."""
        with translated(self._device):
            self._check_alive()
            for _ in range(_ATTEMPTS):
                try:
                    return self._read(region)
                except (MovingRuleset, NotThere):
                    self._clock.sleep(_PAUSE)
            return self._read(region)

    def counters(self, wanted: Mapping[Rule, Ranges]) -> dict[Rule, Counted]:
        """What the members in `wanted` have dropped; all members of rules by interface."""
        with translated(self._device):
            self._check_alive()
            for _ in range(_ATTEMPTS):
                try:
                    return read_counters(self._kernel, wanted)
                except (MovingRuleset, NotThere):
                    self._clock.sleep(_PAUSE)
            return read_counters(self._kernel, wanted)

    def _read(self, region: Region) -> Actual:
        generation = self._kernel.generation().number
        whole = region.delta is None or self._view is None
        if region.delta is None:
            actual = self._read_all()
        else:
            view = self._view or self._survey()
            read_ms = to_ms(self._clock.now())
            addresses, interfaces = read_region(
                self._kernel, region.delta, view.layouts, read_ms, self._transport.open
            )
            if (moved := region.delta.interfaces.get(SHUT)) is not None:
                self._learn_record()
                interfaces[SHUT] = wanted((*moved.add, *moved.remove), self._record)
            actual = self._actual(addresses, interfaces, read_ms, region=True)
        generation = self._unmoved(generation)
        token = self._token(generation)
        if region.vouched:
            self._generation = generation if token == region.vouched else None
        elif whole:
            self._generation = generation
        return replace(actual, token=token)

    def _unmoved(self, before: int) -> int:
        """The generation now, if nothing of ours changed since `before`; raises MovingRuleset.

        A change that the watch has seen not to concern us does not count; it may need a moment
        to see it.
        """
        for _ in range(_LOOKS):
            now = self._kernel.generation().number
            if self._shared.leads(self._identity, before, now):
                return now
            self._clock.sleep(_PAUSE)
        raise MovingRuleset("the ruleset changed while it was being read; read it again")

    def _survey(self) -> View:
        self._read_all()
        assert self._view is not None
        return self._view

    def _read_all(self) -> Actual:
        kernel = self._kernel
        found = read_found(kernel)
        known = identify(found, self._shared.seen(), self._setup.counters)
        ours = [reference(found.sets[name]) for name in known.sets]
        dumps, read_ms = read_members(kernel, ours, self._clock, self._transport.open)
        dumps |= read_strangers(kernel, [reference(found.sets[name]) for name in known.ghosts])
        stars = {name for name, elements in dumps.items() if elements.catch_all}
        found = replace(found, stars=found.stars | stars)
        self._expiry = ExpiryBook()
        for elements in dumps.values():
            self._expiry.add(ends(elements, read_ms), orders(elements))
        contents = read_contents(found, known, dumps, read_ms)
        found = replace(found, strays=contents.strays)
        owner = read_mark(read_mark_elements(kernel, found))
        there = found.sets.get(RECORD) == RECORD_SET
        rules = known.interfaces | {SHUT} if there else known.interfaces
        self._view = View(found, contents.layouts, rules, owner)
        self._shared.laid_out(contents.layouts)
        self._learn_record()
        interfaces = dict(contents.interfaces)
        if down := members(self._record):
            interfaces[SHUT] = down
        actual = self._actual(contents.addresses, interfaces, read_ms, region=False)
        return replace(actual, hold=read_hold(kernel))

    def _actual(
        self,
        addresses: Mapping[Rule, Members],
        interfaces: Mapping[Rule, tuple[InterfaceMember, ...]],
        read_ms: int,
        region: bool,
    ) -> Actual:
        view = self._view
        assert view is not None
        held = Held(view.found, view.layouts, view.interfaces, self._shared.refused, view.record)
        return Actual(
            self._device, from_ms(read_ms), view.owner, addresses, interfaces, held, region
        )

    # -- writing -------------------------------------------------------------------------

    def stage(self, batch: Batch, guarded: bool = True) -> Done:
        """Commit one batch as one transaction, and see that the structure is as it must be."""
        work = batch.payload
        if not isinstance(work, Work):
            raise ValueError(f"a batch for {self._device} was not made by the nftables driver")
        with translated(self._device):
            self._check_alive()
            if guarded and _members_alone(work):
                return self._stage_members(work)
            known = self._catch_up() if guarded else None
            if not guarded and read_hold(self._kernel):
                raise StaleState(self._device, "somebody put a marker there; read it again")
            found = self._found(work, known)
            if found.flags:
                # A dormant table takes no new base chains: wake it in a transaction of its own.
                self._kernel.commit([add_table(TABLE)], known)
                known = self._kernel.generation().number if guarded else None
                found = replace(found, flags=0)
            steps = () if work.spec is None else edits(found, work.spec, work.keep_old)
            messages = [m for step in steps for m in step.messages]
            if work.rebuild:
                messages.insert(0, delete_table(TABLE))
            record = self._read_record() if work.ports or work.kept else {}
            lift(self._transport, self._shared, self._identity, work.ports, record)
            steps_taken = self._commit(work, messages, known, record)
            if work.ports:
                shut(self._transport, work.ports)
                self._learn_record()
            after = self._kernel.generation().number
            if work.spec is not None:
                self._verify(work)
        self._remember(work)
        alone = known is not None and after == _following(known, steps_taken)
        self._generation = after if alone else None
        return Done(self._token(after) if alone else "")

    def _stage_members(self, work: Work) -> Done:
        """As `stage`. The guard of the transaction itself tells whether the ruleset has moved and
        which generation it makes, so that the kernel is not asked before and after."""
        made = None
        if self._generation is not None:
            with suppress(StaleGeneration):
                made = self._members_committed(work, self._generation)
        if made is None:
            made = self._members_committed(work, self._catch_up())
        self._remember(work)
        self._generation = made
        return Done(self._token(made))

    def _members_committed(self, work: Work, known: int) -> int:
        return _following(known, self._commit(work, [], known, {}))

    def _commit(
        self, work: Work, messages: list[Message], known: int | None, record: Record
    ) -> int:
        structural = len(messages)
        if work.mark is not None:
            messages += mark_messages(work.mark)
        now_ms = to_ms(self._clock.now())
        messages += element_messages(self._kernel, work, now_ms, self._setup.counters)
        if work.ports or work.kept:
            rows = after(self._transport, work.ports, work.kept, record)
            messages += record_messages(work.ports, rows, record, fresh=work.rebuild)
        if not messages:
            return 0
        # The guard lets nobody else in between; who comes after moves the generation.
        many = known is not None and sum(map(len, work.changes)) >= _UNHEARD_FROM
        try:
            with self._shared.unheard() if many else nullcontext():
                self._kernel.commit(messages, known)
        except KernelRefused as refused:
            if 0 <= refused.index < structural:
                self._shared.refused = True
            raise
        if work.spec is not None:
            self._shared.refused = False
        return 1

    def _found(self, work: Work, known: int | None) -> Found:
        """The structure to start from: as last read where the guard says that it still is so."""
        if work.spec is None or work.rebuild:
            return Found()
        if known is not None and self._view is not None:
            return self._view.found
        return read_found(self._kernel)

    def _verify(self, work: Work) -> None:
        assert work.spec is not None
        found = read_found(self._kernel)
        left = edits(found, work.spec, work.keep_old)
        if left:
            said = "; ".join(f"{e.kind} {e.what}" for e in left[:3])
            raise DeviceError(self._device, f"still differs after writing: {said}; read it again")
        owner = read_mark(read_mark_elements(self._kernel, found))
        view = self._view
        layouts = view.layouts if view is not None else {}
        interfaces = view.interfaces if view is not None else frozenset()
        record = view.record if view is not None else {}
        self._view = View(found, layouts, interfaces, owner, record)

    # -- interfaces that are shut ----------------------------------------------------------

    @property
    def _record(self) -> Record:
        return {} if self._view is None else self._view.record

    def _read_record(self) -> Record:
        """As it is now; only a set of the record that is as we make it is believed."""
        found = self._view.found if self._view is not None else read_found(self._kernel)
        there = found.sets.get(RECORD) == RECORD_SET
        shared, identity = self._shared, self._identity
        return read_record(self._kernel, self._transport, shared, identity, there=there)

    def _learn_record(self) -> None:
        if self._view is not None:
            self._view = replace(self._view, record=self._read_record())

    def _look_at_links(self) -> None:
        """How the links stand now of what was recorded when it was last read."""
        if self._view is not None and self._view.record:
            up = self._transport.inside(interfaces_up)
            record = {n: replace(r, up=up.get(n, False)) for n, r in self._view.record.items()}
            self._view = replace(self._view, record=record)

    def _remember(self, work: Work) -> None:
        for change in work.changes:
            self._expiry.remove(change.remove.end, change.remove.order)
            self._expiry.add(change.add.end, change.add.order)
        if self._view is None:
            return
        if work.layouts is not None:
            self._view = replace(self._view, layouts=work.layouts, interfaces=work.interfaces)
            self._shared.laid_out(work.layouts)
        if work.mark is not None:
            self._view = replace(self._view, owner=work.mark)

    # -- what it is about ----------------------------------------------------------------

    def _catch_up(self) -> int:
        """The generation now; raises StaleState unless it is the one last read or staged.

        Changes that the watch saw to be none of ours' business do not count.
        """
        now = self._kernel.generation().number
        known = self._generation
        if known is None or not self._shared.leads(self._identity, known, now):
            raise StaleState(
                self._device, "somebody changed the ruleset since it was read; read it again"
            )
        return now

    def _check_alive(self) -> None:
        if self._transport.identity() != self._identity:
            raise DeviceUnreachable(self._device, "its network namespace was rebuilt; reconnecting")

    def _token(self, generation: int) -> str:
        """Links move no generation: those that are up against the record are in the token."""
        up = ",".join(sorted(name for name, r in self._record.items() if r.up))
        return f"{self._identity}:{generation}{f' up {up}' if up else ''}"


def _members_alone(work: Work) -> bool:
    return work.spec is None and not (work.rebuild or work.ports or work.kept)


def _following(generation: int, steps: int) -> int:
    """The generation after so many transactions, 0 or 1; the kernel never uses 0."""
    return (generation + steps) % _GENERATIONS or steps
