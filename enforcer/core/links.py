# SPDX-License-Identifier: GPL-2.0-or-later
"""What lives on the interfaces that a customer is attached to, beside its own prefixes.

The link between router and customer, the device's own address on it and the BGP neighbor are
the provider's, and usually outside of the customer's prefixes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from ipaddress import ip_network

from enforcer.core.orders import Network
from enforcer.core.topology import Attachment, Customer, Device, Topology


def on_links(device: Device, names: Collection[str], customer: Customer) -> Iterator[Network]:
    """The networks of the interfaces `names`, and the neighbors that are behind `customer`.

    `names`: of interfaces of `device` that `customer` is attached to.
    """
    for interface in device.interfaces:
        if interface.name in names:
            yield from (address.network for address in interface.addresses)
    yield from _neighbors(device, customer)


def links_around(topology: Topology, asked: Network) -> Iterator[tuple[int, Attachment]]:
    """The interfaces on whose link all of `asked` is, each with the length of its network.

    A neighbor is behind the interfaces of the customer that it is stated to belong to.
    """
    for device in topology.devices.values():
        for interface in device.interfaces:
            for address in interface.addresses:
                if _within(asked, address.network):
                    length = address.network.prefixlen
                    yield length, Attachment(device.name, interface.name)
    for customer in topology.customers.values():
        for place in customer.attachments:
            found = topology.devices.get(place.device)
            if found is not None and place.interface:
                hosts = (n for n in _neighbors(found, customer) if _within(asked, n))
                yield from ((host.prefixlen, place) for host in hosts)


def _neighbors(device: Device, customer: Customer) -> Iterator[Network]:
    named = {a.neighbor for a in customer.attachments if a.device == device.name and a.neighbor}
    for neighbor in device.neighbors:
        if neighbor.behind == customer.name or str(neighbor.address) in named:
            yield ip_network(neighbor.address)


def _within(inner: Network, outer: Network) -> bool:
    """Whether all of `inner` is in `outer`."""
    if inner.version != outer.version or inner.prefixlen < outer.prefixlen:
        return False
    return inner.network_address in outer
