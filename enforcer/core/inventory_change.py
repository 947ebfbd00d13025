# SPDX-License-Identifier: GPL-2.0-or-later
"""One inventory after another: nothing that an order stands on leaves by an edit of a file.

The files are a proposal. `merge` takes from them what they state, and keeps, marked as gone,
what they state no longer, until a person lets it go; the other functions are those decisions.
Digests tell inventories apart; `==` does not see an attachment's mark.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network

from enforcer.core.boxes import OPTIONS
from enforcer.core.orders import Network
from enforcer.core.protection import DERIVED, with_derived
from enforcer.core.topology import Attachment, Customer, Device, Leaving, Mode, Topology


def merge(in_force: Topology | None, loaded: Topology) -> Topology:
    """What is to be in force when the files say `loaded`, and `in_force` was before.

    A device, customer or attachment that the files no longer state is kept as it was, marked
    `Leaving.GONE`; one that they state again loses the mark. Modes that a person set win over
    the files. A retired device stays draining, or out, for as long as the files state it.
    """
    if in_force is None:
        return loaded
    devices = _devices(in_force, loaded)
    merged = replace(
        loaded,
        devices=devices,
        customers=_customers(in_force, loaded, devices),
        modes={name: mode for name, mode in in_force.modes.items() if name in devices},
        retired=in_force.retired.intersection(loaded.devices),
    )
    # What a kept device stands on is protected as long as it is there.
    return with_derived(merged) if devices.keys() - loaded.devices.keys() else merged


def other_boxes(in_force: Topology, loaded: Topology) -> Iterator[tuple[str, str]]:
    """Devices whose name the files give to another box: (name, the problem as a sentence).

    Under the same name the rules of the old box would be forgotten, and the proofs about it
    believed of the new one. Platform and transport name the box, except for `OPTIONS`.
    """
    for name in sorted(in_force.devices.keys() & loaded.devices.keys()):
        was, now = _box(in_force.devices[name]), _box(loaded.devices[name])
        if was != now:
            keys = sorted(key for key in {*was, *now} if was.get(key) != now.get(key))
            told = ", ".join(f"{k} {was.get(k, 'none')} -> {now.get(k, 'none')}" for k in keys)
            yield (
                name,
                f"{name} would become another box ({told}): retire it first"
                f" (`enforcer device retire {name}`), or give the new one a new name",
            )


def _box(device: Device) -> dict[str, str]:
    address = {key: value for key, value in device.transport.items() if key not in OPTIONS}
    return {"platform": device.platform, **address}


def _devices(in_force: Topology, loaded: Topology) -> dict[str, Device]:
    found: dict[str, Device] = {}
    for name, stated in loaded.devices.items():
        before = in_force.devices.get(name)
        retired = name in in_force.retired
        if before is None and retired:
            continue
        leaving = Leaving.DRAINING if retired else Leaving.NO
        found[name] = replace(stated, leaving=leaving, mode=in_force.modes.get(name, stated.mode))
    for name, before in in_force.devices.items():
        if name not in loaded.devices:
            found[name] = replace(before, leaving=before.leaving or Leaving.GONE)
    return found


def _customers(
    in_force: Topology, loaded: Topology, devices: Mapping[str, Device]
) -> dict[str, Customer]:
    places = _new_places(in_force, loaded)
    found = {
        name: replace(stated, attachments=_attachments(stated, in_force, places, devices))
        for name, stated in loaded.customers.items()
    }
    gone = [c for name, c in in_force.customers.items() if name not in loaded.customers]
    taken = _Taken(_new_prefixes(in_force, loaded)) if gone else _Taken(())
    for before in gone:
        attachments = (_without_taken(a, before.name, places) for a in before.attachments)
        found[before.name] = replace(
            before,
            prefixes=taken.rest(before.prefixes),
            attachments=_distinct(a for a in attachments if a.device in devices),
            leaving=Leaving.GONE,
        )
    return found


def _attachments(
    stated: Customer,
    in_force: Topology,
    places: Mapping[tuple[str, str], str],
    devices: Mapping[str, Device],
) -> tuple[Attachment, ...]:
    """Where the customer is, and where it was until a person says that this may go."""
    before = in_force.customers.get(stated.name)
    kept = [
        replace(_without_taken(a, stated.name, places), leaving=a.leaving or Leaving.GONE)
        for a in (before.attachments if before else ())
        if a not in stated.attachments
    ]
    standing = tuple(a for a in stated.attachments if a.device in devices)
    return (*standing, *_distinct(a for a in kept if a.device in devices and a not in standing))


def _distinct(attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
    return tuple(dict.fromkeys(attachments))


def _new_places(in_force: Topology, loaded: Topology) -> dict[tuple[str, str], str]:
    """Interfaces at which the files put a customer that was not there before."""
    nobody = Customer("", ())
    return {
        (a.device, a.interface): name
        for name, customer in loaded.customers.items()
        for a in customer.attachments
        if a.interface and a not in in_force.customers.get(name, nobody).attachments
    }


def _without_taken(
    attachment: Attachment, owner: str, places: Mapping[tuple[str, str], str]
) -> Attachment:
    """Its interface is somebody else's now: the device stays, the interface must not be cut."""
    holder = places.get((attachment.device, attachment.interface), owner)
    return attachment if holder == owner else replace(attachment, interface="")


def _new_prefixes(in_force: Topology, loaded: Topology) -> Iterator[Network]:
    """Prefixes that a customer in the files did not have before."""
    for name, customer in loaded.customers.items():
        before = in_force.customers.get(name)
        had = frozenset(before.prefixes) if before else frozenset()
        yield from (prefix for prefix in customer.prefixes if prefix not in had)


class _Taken:
    """Prefixes that have a new owner, who wins over a customer that is merely kept."""

    def __init__(self, prefixes: Iterable[Network]) -> None:
        self._all = frozenset(prefixes)
        self._sorted: dict[int, list[Network]] = {4: [], 6: []}
        for prefix in self._all:
            self._sorted[prefix.version].append(prefix)
        for some in self._sorted.values():
            some.sort(key=_first)
        self._firsts = {family: [*map(_first, some)] for family, some in self._sorted.items()}

    def rest(self, prefixes: Iterable[Network]) -> tuple[Network, ...]:
        """`prefixes` without what is taken."""
        return tuple(piece for prefix in prefixes for piece in self._left_of(prefix))

    def _left_of(self, prefix: Network) -> list[Network]:
        if not self._all:
            return [prefix]
        if any(prefix.supernet(new_prefix=n) in self._all for n in range(prefix.prefixlen + 1)):
            return []
        pieces = [prefix]
        for taken in self._inside(prefix):
            pieces = [left for piece in pieces for left in _exclude(piece, taken)]
        return sorted(pieces, key=_first)

    def _inside(self, prefix: Network) -> Iterator[Network]:
        firsts, some = self._firsts[prefix.version], self._sorted[prefix.version]
        last = int(prefix.broadcast_address)
        for at in range(bisect_left(firsts, _first(prefix)), len(some)):
            if firsts[at] > last:
                return
            yield some[at]


def _first(prefix: Network) -> int:
    return int(prefix.network_address)


def _exclude(prefix: Network, taken: Network) -> Iterable[Network]:
    if isinstance(prefix, IPv4Network) and isinstance(taken, IPv4Network):
        if prefix.subnet_of(taken):
            return ()
        return prefix.address_exclude(taken) if taken.subnet_of(prefix) else (prefix,)
    if isinstance(prefix, IPv6Network) and isinstance(taken, IPv6Network):
        if prefix.subnet_of(taken):
            return ()
        return prefix.address_exclude(taken) if taken.subnet_of(prefix) else (prefix,)
    return (prefix,)


# -- what people decide ------------------------------------------------------------------------


def with_mode(topology: Topology, name: str, mode: Mode) -> Topology:
    """A person set the mode of a device, over the files."""
    changed = replace(topology.devices[name], mode=mode)
    return replace(_with_device(topology, changed), modes={**topology.modes, name: mode})


def without_mode(topology: Topology, name: str, stated: Mode) -> Topology:
    """The files say again which mode a device has: `stated`."""
    changed = replace(topology.devices[name], mode=stated)
    modes = {other: mode for other, mode in topology.modes.items() if other != name}
    return replace(_with_device(topology, changed), modes=modes)


def with_retirement(topology: Topology, name: str) -> Topology:
    """A device is to be emptied and then to leave, whether the files still state it or not."""
    device = topology.devices[name]
    stated = device.leaving is Leaving.NO
    retired = topology.retired | {name} if stated else topology.retired
    changed = _with_device(topology, replace(device, leaving=Leaving.DRAINING))
    return replace(changed, retired=retired)


def _with_device(topology: Topology, device: Device) -> Topology:
    return replace(topology, devices={**topology.devices, device.name: device})


def without_device(topology: Topology, name: str) -> Topology:
    """A device is empty and leaves; no customer is attached there any more."""
    devices = {other: device for other, device in topology.devices.items() if other != name}
    customers = {
        key: replace(c, attachments=tuple(a for a in c.attachments if a.device != name))
        if any(a.device == name for a in c.attachments)
        else c
        for key, c in topology.customers.items()
    }
    modes = {other: mode for other, mode in topology.modes.items() if other != name}
    left = replace(topology, devices=devices, customers=customers, modes=modes)
    return with_derived(left) if any(p.origin in DERIVED for p in left.protected) else left


def confirm_gone(topology: Topology, name: str) -> Topology:
    """A customer that left the files leaves: orders that name it mean nobody any more."""
    customers = {key: c for key, c in topology.customers.items() if key != name}
    return replace(topology, customers=customers)


def with_move(topology: Topology, customer: str, attachment: Attachment) -> Topology:
    """A customer's old attachment is to go as soon as its new ones are proved."""
    before = topology.customers[customer]
    marked = tuple(
        replace(a, leaving=Leaving.DRAINING) if a == attachment else a for a in before.attachments
    )
    return _with_customer(topology, replace(before, attachments=marked))


def _with_customer(topology: Topology, customer: Customer) -> Topology:
    return replace(topology, customers={**topology.customers, customer.name: customer})


def draining_attachments(topology: Topology) -> dict[str, tuple[Attachment, ...]]:
    """By customer, the attachments that a person let go and that still stand."""
    found = {
        name: tuple(a for a in customer.attachments if a.leaving is Leaving.DRAINING)
        for name, customer in topology.customers.items()
    }
    return {name: some for name, some in found.items() if some}


def remaining_places(topology: Topology, customer: str) -> frozenset[str]:
    """Devices that carry a customer when its draining attachments are gone."""
    stay = {
        a.device
        for a in topology.customers[customer].attachments
        if a.leaving is not Leaving.DRAINING and not a.news_site
    }
    return frozenset(stay - topology.draining() - topology.only_routes()) or frozenset(
        topology.borders()
    )


def settled(topology: Topology, empty: Collection[str], moved: Collection[str]) -> Topology:
    """Without the draining devices in `empty`, and the draining attachments of `moved` customers.

    Returns `topology` itself where neither is draining.
    """
    for name in sorted(topology.draining().intersection(empty)):
        topology = without_device(topology, name)
    for name in sorted(draining_attachments(topology).keys() & set(moved)):
        customer = topology.customers[name]
        stay = tuple(a for a in customer.attachments if a.leaving is not Leaving.DRAINING)
        topology = _with_customer(topology, replace(customer, attachments=stay))
    return topology
