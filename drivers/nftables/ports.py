# SPDX-License-Identifier: GPL-2.0-or-later
"""Shutting interfaces where the device's network is: the record first, then the link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from drivers.nftables.links import interfaces_up, set_link
from drivers.nftables.netlink import encode
from drivers.nftables.netlink.attributes import Message
from drivers.nftables.netlink.columns import NewElements, interface_keys, interface_names
from drivers.nftables.netlink.errors import NotThere
from drivers.nftables.netlink.socket import NftSocket
from drivers.nftables.reading import read_sets
from drivers.nftables.shared import Shared
from drivers.nftables.shut import (
    RECORD,
    RECORD_REF,
    PortChange,
    Record,
    Recorded,
    comment,
    recorded,
)
from drivers.nftables.transport import Transport
from enforcer.core.rules import InterfaceMember


def read_record(
    kernel: NftSocket, transport: Transport, shared: Shared, identity: str, *, there: bool
) -> dict[str, Recorded]:
    """What we shut and how the links stand; `there`: the set of the record is as we make it.

    What this process remembers and the device no longer says counts as long as the link is down.
    Raises MovingRuleset, MalformedReply, NamespaceMissing, OSError.
    """
    read = told(kernel) if there else {}
    known = {n: replace(r, written=False) for n, r in shared.shut(identity).items()} | read
    if not known:
        return {}
    up = transport.inside(interfaces_up)
    found = {name: replace(r, up=up.get(name, False)) for name, r in known.items()}
    found = {name: r for name, r in found.items() if r.written or up.get(name) is False}
    shared.remember(identity, {name: r for name, r in found.items() if not r.up})
    return found


def told(kernel: NftSocket) -> dict[str, Recorded]:
    """The record on the device; empty where there is none. Raises MovingRuleset, MalformedReply."""
    try:
        elements = read_sets(kernel, [RECORD_REF])[RECORD]
    except NotThere:
        return {}
    texts = (*elements.comments, "")
    names = interface_names(elements.first)
    return {
        name: recorded(texts[at]) for name, at in zip(names, elements.comment.tolist(), strict=True)
    }


def lift(
    transport: Transport, shared: Shared, identity: str, change: PortChange, record: Record
) -> None:
    """Bring up what is no longer to be down, except what was down before. Raises OSError."""
    again = {member.name for member in change.add}
    names = [
        member.name
        for member in change.remove
        if member.name not in again
        and (known := record.get(member.name)) is not None
        and not known.found_down
        and not known.up
    ]
    if change.remove:
        # Else our own doing would look like somebody else's to the watch.
        going = {member.name for member in change.remove} - again
        left = {n: r for n, r in shared.shut(identity).items() if n not in going}
        shared.remember(identity, left)
    _set(transport, names, up=True)


def shut(transport: Transport, change: PortChange) -> None:
    """Shut what is to be down. Raises OSError."""
    _set(transport, [member.name for member in change.add], up=False)


def _set(transport: Transport, names: Iterable[str], *, up: bool) -> None:
    for name in names:

        def act(name: str = name) -> None:
            set_link(name, up=up)

        transport.inside(act)


def after(
    transport: Transport, change: PortChange, kept: Iterable[str], record: Record
) -> dict[str, Recorded]:
    """The record as it will be of `change.add` and `kept`, with what was found before."""
    up = transport.inside(interfaces_up)
    rows = {name: replace(record[name], written=True) for name in kept if name in record}
    for member in change.add:
        known = record.get(member.name)
        if known is not None and not known.up:
            found_down = known.found_down
        else:
            found_down = up.get(member.name) is False
        rows[member.name] = Recorded(member.order, member.end, found_down)
    return rows


def messages(
    change: PortChange, rows: Mapping[str, Recorded], record: Record, *, fresh: bool
) -> Iterator[Message]:
    """The record's elements: those that go or change, then `rows`; `fresh`: the set is empty."""
    names = {*rows, *(member.name for member in change.remove)}
    gone = sorted(name for name in names if name in record and record[name].written)
    if gone and not fresh:
        keys = interface_keys(gone)
        yield from encode.delete_elements(RECORD_REF, NewElements(keys, keys))
    if rows:
        keys = interface_keys(list(rows))
        said = [comment(r.order, r.end, found_down=r.found_down) for r in rows.values()]
        texts = np.array([text.encode("ascii") for text in said])
        yield from encode.add_elements(RECORD_REF, NewElements(keys, keys, comment=texts))


def wanted(members: Iterable[InterfaceMember], record: Record) -> tuple[InterfaceMember, ...]:
    """Those of `members` that stand, as the record has them."""
    names = {member.name for member in members}
    return tuple(
        sorted(
            InterfaceMember(name, r.end, r.order)
            for name, r in record.items()
            if name in names and not r.up
        )
    )
