# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with what is said of BGP: sessions, speakers of blackholes, witnesses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from enforcer.core.prefixes import format_network
from enforcer.core.sessions import WITHOUT_BGP
from enforcer.core.special_purpose import overlap
from enforcer.core.topology import ONLY_ROUTES, ROLE_RTBH
from inventory.device_schema import DeviceEntry, RtbhEntry
from inventory.merged import Merged, Stated
from inventory.problems import Problem, near

WITNESSES = ("frr", "bird")
"""Platforms that tell which routes they have and to whom they announced them."""

_Path = tuple[str | int, ...]
_Device = Stated[DeviceEntry]


def check_bgp(merged: Merged) -> Iterator[Problem]:
    """Every problem of every device."""
    for name, device in merged.devices.items():
        yield from _sessions(name, device)
        yield from _role(device)
        if device.entry.rtbh is not None:
            for message, path in _rtbh(name, device.entry.rtbh, merged):
                yield device.problem(message, "rtbh", *path)


def _sessions(name: str, device: _Device) -> Iterator[Problem]:
    entry = device.entry
    if entry.bgp and entry.platform in WITHOUT_BGP:
        yield device.problem(
            f"{entry.platform} has no BGP sessions to filter: state the daemon as a device of its"
            " own (platform frr or bird), with these neighbors",
            "bgp",
        )
    if entry.filters and entry.platform in ONLY_ROUTES:
        yield device.problem(
            f"{entry.platform} filters no packets: state what forwards them as a device of its"
            " own (platform nftables)",
            "filters",
        )
    seen: set[str] = set()
    for at, neighbor in enumerate(entry.neighbors):
        if neighbor.name and neighbor.name in seen:
            message = f"{name} has two neighbors called '{neighbor.name}': name each once"
            yield device.problem(message, "neighbors", at, "name")
        seen.add(neighbor.name)


def _role(device: _Device) -> Iterator[Problem]:
    has_role = ROLE_RTBH in device.entry.roles
    if has_role and device.entry.rtbh is None:
        yield device.problem(
            f"a device with the role '{ROLE_RTBH}' announces blackholes: state how under 'rtbh'"
            " (next_hops, canaries, witnesses), or take the role away",
            "roles",
        )
    if device.entry.rtbh is not None and not has_role:
        yield device.problem(
            f"blackholes go to devices with the role '{ROLE_RTBH}': add it", "rtbh"
        )


def _rtbh(name: str, entry: RtbhEntry, merged: Merged) -> Iterator[tuple[str, _Path]]:
    yield from _witnesses(name, entry, merged.devices)
    yield from _families(entry)
    yield from _canaries(entry, merged)
    yield from _upstreams(entry, merged.devices)


def _witnesses(
    name: str, entry: RtbhEntry, devices: Mapping[str, _Device]
) -> Iterator[tuple[str, _Path]]:
    for at, witness in enumerate(entry.witnesses):
        found = devices.get(witness)
        if found is None:
            yield f"no device '{witness}'{near(witness, devices)}", ("witnesses", at)
        elif witness == name:
            yield "a speaker is no witness of itself: name a router", ("witnesses", at)
        elif found.entry.platform not in WITNESSES:
            yield (
                f"{witness} is {found.entry.platform}, which cannot be asked: name a router with"
                f" the platform {' or '.join(WITNESSES)}",
                ("witnesses", at),
            )


def _families(entry: RtbhEntry) -> Iterator[tuple[str, _Path]]:
    known = {address.version for address in entry.next_hops}
    for at, canary in enumerate(entry.canaries):
        if canary.version not in known:
            yield (
                f"{format_network(canary)} is IPv{canary.version}, and 'next_hops' has no address"
                " of that family: add one, or leave it out",
                ("canaries", at),
            )


def _canaries(entry: RtbhEntry, merged: Merged) -> Iterator[tuple[str, _Path]]:
    for at, canary in enumerate(entry.canaries):
        for name, customer in merged.customers.items():
            if any(overlap(canary, prefix) for prefix in customer.entry.prefixes):
                yield (
                    f"{format_network(canary)} is {name}'s, and is announced as a blackhole: name"
                    " an own address that nobody uses",
                    ("canaries", at),
                )
        for kind, named in (("shared", merged.shared), ("pools", merged.pools)):
            for name, stated in named.items():
                if any(overlap(canary, prefix) for prefix in stated.entry.prefixes):
                    yield (
                        f"{format_network(canary)} is in {kind} {name}, and is announced as a"
                        " blackhole: name an own address that nobody uses",
                        ("canaries", at),
                    )


def _upstreams(entry: RtbhEntry, devices: Mapping[str, _Device]) -> Iterator[tuple[str, _Path]]:
    witnesses = [devices[name].entry for name in entry.witnesses if name in devices]
    known = sorted({n.name for one in witnesses for n in one.neighbors} - {""})
    for upstream in entry.upstreams:
        if upstream not in known:
            hint = near(upstream, known) + (f" (known: {', '.join(known)})" if known else "")
            yield (
                f"no witness has a neighbor with the name '{upstream}'{hint}:"
                " nobody could tell whether a blackhole arrived there, and nowhere else",
                ("upstreams", upstream),
            )
