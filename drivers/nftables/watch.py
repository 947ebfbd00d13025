# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's notifications as device events: what was touched, by whom, from which state."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

from drivers.nftables.faults import translated
from drivers.nftables.links import LinkEvents, interfaces_up
from drivers.nftables.names import TABLE
from drivers.nftables.netlink.constants import NFPROTO_INET
from drivers.nftables.netlink.errors import EventsLost, MalformedReply, NamespaceMissing
from drivers.nftables.netlink.events import Event
from drivers.nftables.netlink.replies import Generation
from drivers.nftables.shared import Shared
from drivers.nftables.touched import touched
from drivers.nftables.transport import Transport
from enforcer.core.rules import HOLD_MARKER
from enforcer.driver_api import DeviceEvent, EventKind

_LOOK_SECONDS = 1.0
"""How often to see whether the namespace is still the one that we listen to."""
_GENERATIONS = 1 << 32
_NAMED = 3


class NftWatch:
    """A subscription on a socket of its own; `events` in one thread, `close` from any."""

    def __init__(self, device: str, transport: Transport, shared: Shared) -> None:
        self._device = device
        self._transport = transport
        self._shared = shared
        self._closed = threading.Event()
        self._since: list[Event] = []
        with translated(device):
            self._identity = transport.identity()
            self._links = transport.inside(LinkEvents)
            try:
                self._source = transport.watch()
            except BaseException:
                self._links.close()
                raise
        shared.listens(self._source)

    def close(self) -> None:
        """Make `events` end."""
        if not self._closed.is_set():
            self._closed.set()
            self._source.stop()

    def release(self) -> None:
        """Give the socket back, after `events` has ended."""
        self._shared.ends(self._source)
        self._source.close()
        self._links.close()

    def events(self) -> Iterator[DeviceEvent]:
        """One event for each transaction; ends after `close`, or LOST when nothing can follow."""
        while not self._closed.is_set():
            try:
                arrived = self._source.read(_LOOK_SECONDS)
                opened = self._opened()
                alive = self._transport.identity() == self._identity
            except EventsLost as lost:
                self._since.clear()
                yield DeviceEvent(EventKind.LOST, str(lost))
                continue
            except (MalformedReply, NamespaceMissing, OSError) as broken:
                yield DeviceEvent(EventKind.LOST, str(broken))
                return
            yield from self._told(arrived)
            yield from opened
            if not alive:
                yield DeviceEvent(EventKind.LOST, "the network namespace was rebuilt")
                return

    def _opened(self) -> tuple[DeviceEvent, ...]:
        """An interface that we hold down was brought up: no generation tells that."""
        held = self._shared.shut(self._identity)
        if not self._links.moved() or not held:
            return ()
        up = self._transport.inside(interfaces_up)
        opened = sorted(name for name in held if up.get(name))
        if not opened:
            return ()
        return (DeviceEvent(EventKind.CHANGED, f"interface brought up: {', '.join(opened)}"),)

    def _told(self, arrived: Iterable[Event]) -> Iterator[DeviceEvent]:
        """Objects come before the generation that they are part of."""
        for event in arrived:
            if event.generation is None:
                self._since.append(event)
                continue
            touching = [e for e in self._since if _concerns_us(e)]
            self._since.clear()
            yield self._transaction(event.generation, event.port, touching)

    def _transaction(self, made: Generation, port: int, touching: list[Event]) -> DeviceEvent:
        before = (made.number - 1) % _GENERATIONS
        kind = EventKind.CHANGED
        if self._shared.is_ours(port):
            kind = EventKind.OWN
        elif not touching:
            kind = EventKind.UNTOUCHED
            self._shared.untouched(self._identity, before, made.number)
        return DeviceEvent(
            kind,
            _what(touching),
            "" if kind is EventKind.OWN else _writer(made),
            f"{self._identity}:{before}",
            f"{self._identity}:{made.number}",
            touched(touching, self._shared.layouts()) if kind is EventKind.CHANGED else None,
        )


def _concerns_us(event: Event) -> bool:
    """Our table, or the marker that forbids to write, in whatever family."""
    return (event.family, event.table) == (NFPROTO_INET, TABLE) or event.table == HOLD_MARKER


def _what(touched: Iterable[Event]) -> str:
    said = list(dict.fromkeys(map(_said, touched)))
    more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
    return ", ".join(said[:_NAMED]) + more


def _said(event: Event) -> str:
    verb = _VERBS.get(event.kind, event.kind)
    name = HOLD_MARKER if event.table == HOLD_MARKER else event.name
    return f"{verb} {name}".rstrip()


_VERBS = {
    "newtable": "table written",
    "deltable": "table deleted",
    "newchain": "chain written:",
    "delchain": "chain deleted:",
    "newrule": "rule written in chain",
    "delrule": "rule deleted from chain",
    "newset": "set written:",
    "delset": "set deleted:",
    "newelem": "elements written to set",
    "delelem": "elements deleted from set",
    "newobj": "object written:",
    "delobj": "object deleted:",
    "newflowtable": "flowtable written:",
    "delflowtable": "flowtable deleted:",
}


def _writer(made: Generation) -> str:
    if made.pid is None:
        return made.command
    return f"{made.command or 'a program'}, pid {made.pid}"
