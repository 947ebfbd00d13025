# SPDX-License-Identifier: GPL-2.0-or-later
"""What no file can be wrong about alone: references between entries, and who owns what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from enforcer.core.boxes import Box, box_of
from enforcer.core.orders import DEFAULT_VRF, Network
from enforcer.core.prefixes import format_network
from enforcer.core.special_purpose import overlap
from inventory.checks_bgp import check_bgp
from inventory.customer_schema import AttachmentEntry, CustomerEntry, TenantEntry
from inventory.device_schema import BEHIND_WORDS, DeviceEntry
from inventory.merged import Merged, Stated
from inventory.problems import Problem, near


def check(merged: Merged) -> Iterator[Problem]:
    """Everything that is wrong between the entries."""
    for name, device in merged.devices.items():
        yield from _check_behind(name, device, merged)
        yield from _check_vrfs(name, device)
    for name, customer in merged.customers.items():
        yield from _check_attachments(name, customer, merged)
        yield from _check_tenants(name, customer)
    yield from check_bgp(merged)
    yield from _check_boxes(merged.devices)
    yield from _check_ownership(merged.customers)
    yield from _check_users(merged)
    yield from _check_pools(merged)


def _check_behind(name: str, device: Stated[DeviceEntry], merged: Merged) -> Iterator[Problem]:
    known = [*merged.customers, *BEHIND_WORDS]
    places: list[tuple[str, str, tuple[str | int, ...]]] = [
        *((i, e.behind, ("interfaces", i)) for i, e in device.entry.interfaces.items()),
        *(
            (str(n.address), n.behind, ("neighbors", at))
            for at, n in enumerate(device.entry.neighbors)
        ),
    ]
    for place, behind, path in places:
        if behind and behind not in known:
            yield device.problem(
                f"no customer '{behind}' behind {name} {place}{near(behind, known)}"
                f" (a customer's name, or {', '.join(BEHIND_WORDS)})",
                *path,
                "behind",
            )


def _check_vrfs(name: str, device: Stated[DeviceEntry]) -> Iterator[Problem]:
    known = [DEFAULT_VRF, *device.entry.vrfs]
    seen = set()
    for at, neighbor in enumerate(device.entry.neighbors):
        if neighbor.vrf not in known:
            message = f"{name} has no VRF '{neighbor.vrf}'{near(neighbor.vrf, known)}"
            yield device.problem(f"{message} (known: {', '.join(known)})", "neighbors", at, "vrf")
        if (neighbor.address, neighbor.vrf) in seen:
            yield device.problem(f"{neighbor.address} is stated twice", "neighbors", at)
        seen.add((neighbor.address, neighbor.vrf))


def _check_boxes(devices: Mapping[str, Stated[DeviceEntry]]) -> Iterator[Problem]:
    """Two names for one box would each undo what the other one writes."""
    named: dict[Box, str] = {}
    for name, device in devices.items():
        box = box_of(device.entry.platform, device.entry.transport)
        if box is not None and named.setdefault(box, name) != name:
            message = f"this is how '{named[box]}' is reached ({devices[named[box]].place}): one"
            yield device.problem(f"{message} box has one name", "transport")


def _check_attachments(
    name: str, customer: Stated[CustomerEntry], merged: Merged
) -> Iterator[Problem]:
    if name in BEHIND_WORDS:
        yield customer.problem("this name stands for what is not a customer: choose another")
    for i, attachment in enumerate(customer.entry.attachments):
        device = merged.devices.get(attachment.device)
        if device is None:
            hint = near(attachment.device, merged.devices)
            message = f"no device '{attachment.device}'{hint}"
            yield customer.problem(message, "attachments", i, "device")
            continue
        for message, inside in _check_place(name, attachment, device.entry):
            yield customer.problem(message, "attachments", i, *inside)


def _check_place(
    customer: str, attachment: AttachmentEntry, device: DeviceEntry
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Messages, each with the key inside the attachment that it is about."""
    if attachment.interface is not None:
        key, word, place = "interface", "interface", attachment.interface
        behind = {name: [entry.behind] for name, entry in device.interfaces.items()}
    elif attachment.neighbor is not None:
        key, word, place = "neighbor", "neighbor", str(attachment.neighbor)
        behind = {}
        for neighbor in device.neighbors:  # one address may be a neighbor in several VRFs
            behind.setdefault(str(neighbor.address), []).append(neighbor.behind)
    else:
        return
    found = behind.get(place)
    if found is None:
        hint = near(place, behind)
        yield f"{attachment.device} has no {word} '{place}'{hint}", (key,)
    elif not {"", customer} & set(found):
        message = (
            f"{attachment.device} {place} says that '{found[0]}' is"
            " behind it; leave that out where several are"
        )
        yield message, ()


def _check_tenants(name: str, customer: Stated[CustomerEntry]) -> Iterator[Problem]:
    owners: dict[Network, str] = {}
    for tenant, entry in customer.entry.tenants.items():
        if tenant == name:
            yield customer.problem("the tenant has its customer's name", "tenants", tenant)
        for i, prefix in enumerate(entry.prefixes):
            message = _why_not_the_tenants(prefix, name, customer.entry, tenant, owners)
            if message:
                yield customer.problem(message, "tenants", tenant, "prefixes", i)
            owners.setdefault(prefix, tenant)


def _why_not_the_tenants(
    prefix: Network,
    name: str,
    customer: CustomerEntry,
    tenant: str,
    owners: Mapping[Network, str],
) -> str:
    shown = format_network(prefix)
    if not any(_inside(prefix, outer) for outer in customer.prefixes):
        theirs = ", ".join(map(format_network, customer.prefixes))
        return f"{shown} is not inside of {name}'s prefixes ({theirs})"
    if prefix in owners:
        if owners[prefix] == tenant:
            return f"{shown} is given twice"
        return f"{shown} is already used by '{owners[prefix]}'; state in 'shared' what several use"
    return ""


def _inside(inner: Network, outer: Network) -> bool:
    return overlap(inner, outer) and inner.prefixlen >= outer.prefixlen


def _check_ownership(customers: Mapping[str, Stated[CustomerEntry]]) -> Iterator[Problem]:
    owners: dict[Network, tuple[str, str]] = {}
    for name, customer in customers.items():
        for i, prefix in enumerate(customer.entry.prefixes):
            if prefix.prefixlen == 0:
                yield customer.problem("nobody owns the whole Internet", "prefixes", i)
            elif prefix in owners:
                owner, place = owners[prefix]
                message = (
                    f"{prefix} is given twice"
                    if owner == name
                    else f"{prefix} already belongs to '{owner}' ({place}); one customer owns it"
                )
                yield customer.problem(message, "prefixes", i)
            else:
                owners[prefix] = (name, customer.place)


def _check_users(merged: Merged) -> Iterator[Problem]:
    tenants: list[Mapping[str, TenantEntry]] = [
        customer.entry.tenants for customer in merged.customers.values()
    ]
    known = {*merged.customers, *(name for some in tenants for name in some)}
    for shared in merged.shared.values():
        for i, user in enumerate(shared.entry.users):
            if user not in known:
                message = f"no customer and no tenant '{user}'{near(user, sorted(known))}"
                yield shared.problem(message, "users", i)


def _check_pools(merged: Merged) -> Iterator[Problem]:
    before: list[tuple[str, Network]] = []
    for name, pool in merged.pools.items():
        for i, prefix in enumerate(pool.entry.prefixes):
            for other in _overlapping(prefix, before):
                message = f"{format_network(prefix)} overlaps the pool '{other}': one lease holds"
                yield pool.problem(message, "prefixes", i)
        before += [(name, prefix) for prefix in pool.entry.prefixes]


def _overlapping(prefix: Network, pools: Iterable[tuple[str, Network]]) -> list[str]:
    """The first pool that overlaps, if one does."""
    return [name for name, other in pools if overlap(prefix, other)][:1]
