# SPDX-License-Identifier: GPL-2.0-or-later
"""What a first installation gets wrong on a device with nftables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from drivers.nftables.faults import translated
from drivers.nftables.links import interfaces_up
from drivers.nftables.names import TABLE
from drivers.nftables.netlink import objects
from drivers.nftables.netlink.constants import (
    NFPROTO_INET,
    NFPROTO_IPV4,
    NFPROTO_IPV6,
    NFPROTO_NETDEV,
)
from drivers.nftables.netlink.definitions import (
    BaseChain,
    read_all_flowtables,
    read_base_chains,
)
from drivers.nftables.planning import Setup
from drivers.nftables.ports import told
from drivers.nftables.reading import read_hold
from drivers.nftables.render import HOOKS, PRIORITY
from drivers.nftables.sample import sample
from drivers.nftables.second_opinion import Missing, check_only
from drivers.nftables.transport import Transport
from enforcer.core.rules import HOLD_MARKER
from enforcer.core.topology import Device, Interface
from enforcer.driver_api import Diagnosis
from enforcer.errors import DeviceError

_FAMILIES = {NFPROTO_INET: "inet", NFPROTO_IPV4: "ip", NFPROTO_IPV6: "ip6"}
_PLACES = ("prerouting", "input", "forward", "output", "postrouting", "ingress")
_PREROUTING, _INGRESS = 0, 5
_PACKAGE = "install Debian's package python3-nftables, where this program's Python finds it"


def diagnose(device: Device, setup: Setup, transport: Transport) -> tuple[Diagnosis, ...]:
    """The kernel first; nothing else is asked of one that does not answer."""
    reached = _guarded(device.name, "reachable", lambda: _reachable(device.name, transport))
    if not reached.ok:
        return (reached,)
    checks: tuple[tuple[str, Callable[[], Diagnosis]], ...] = (
        ("marker", lambda: _marker(transport)),
        ("interfaces", lambda: _interfaces(device.interfaces, transport)),
        ("commands", lambda: _commands(device.name, setup, transport)),
        ("other tables", lambda: _before_ours(setup.hooks, transport)),
        ("flowtables", lambda: _flowtables(transport)),
    )
    return (reached, *(_guarded(device.name, name, check) for name, check in checks))


def _guarded(device: str, check: str, make: Callable[[], Diagnosis]) -> Diagnosis:
    try:
        with translated(device):
            return make()
    except DeviceError as error:
        advice = "check its transport in the inventory, and the rights of this program"
        return Diagnosis(check, False, str(error), advice)


def _reachable(device: str, transport: Transport) -> Diagnosis:
    identity = transport.identity()
    with transport.open() as kernel:
        generation = kernel.generation().number
    return Diagnosis("reachable", True, f"answers ({identity}:{generation})")


def _marker(transport: Transport) -> Diagnosis:
    """Somebody on the box may forbid us to write."""
    with transport.open() as kernel:
        there = read_hold(kernel)
    if not there:
        return Diagnosis("marker", True, f"no table {HOLD_MARKER}: writing is not forbidden there")
    return Diagnosis(
        "marker",
        False,
        f"a table {HOLD_MARKER} on the device forbids to write to it",
        f"ask who put it there; `nft list tables` names its family, `nft delete table FAMILY"
        f" {HOLD_MARKER}` ends it",
    )


def _interfaces(named: Iterable[Interface], transport: Transport) -> Diagnosis:
    """An order by interface on a misspelt name would match no packet, and nobody would notice."""
    with transport.open() as kernel:
        recorded = told(kernel)
    there = transport.inside(interfaces_up)
    names = [interface.name for interface in named]
    missing = [name for name in names if name not in there]
    down = [name for name in names if not there.get(name, True) and name not in recorded]
    shut = [name for name in names if not there.get(name, True) and name in recorded]
    said = []
    if missing:
        said.append(f"there is no {', '.join(missing)}: orders by interface would match nothing")
    if down:
        said.append(f"{', '.join(down)} down")
    if said:
        advice = "correct the names in the inventory, or set the links up"
        return Diagnosis("interfaces", False, "; ".join(said), advice)
    up = [name for name in names if name not in shut]
    parts = [f"{', '.join(up)} up"] if up else []
    parts += [f"{', '.join(shut)} shut by us"] if shut else []
    detail = "; ".join(parts) or "the inventory names none"
    return Diagnosis("interfaces", True, detail)


def _commands(device: str, setup: Setup, transport: Transport) -> Diagnosis:
    """Previews and `device plan` print nft's language: do nft and this kernel take it?"""
    try:
        opinion = transport.inside(lambda: check_only(sample(device, setup)))
    except Missing as missing:
        return Diagnosis(
            "commands", True, f"what previews print is not checked: {missing}; {_PACKAGE}"
        )
    if opinion.refused:
        return Diagnosis(
            "commands",
            False,
            f"nft {opinion.version} does not take what previews print: {opinion.refused}",
            "do not type previews into nft there; enforcement does not need nft",
        )
    return Diagnosis("commands", True, f"nft {opinion.version} takes what previews print")


def _before_ours(hooks: Iterable[str], transport: Transport) -> Diagnosis:
    """Information: what others drop or rewrite there never reaches our rules as it was sent."""
    with transport.open() as kernel:
        chains = read_base_chains(kernel.replies(objects.ask_all_chains()))
    ours = {HOOKS[hook] for hook in hooks}
    listed = [text for chain in chains for text in _earlier(chain, ours)]
    if not listed:
        return Diagnosis("other tables", True, "none is hooked before ours")
    return Diagnosis("other tables", True, f"see packets before ours: {', '.join(sorted(listed))}")


def _flowtables(transport: Transport) -> Diagnosis:
    with transport.open() as kernel:
        return judged(read_all_flowtables(kernel.replies(objects.ask_all_flowtables())))


def judged(flowtables: Iterable[tuple[int, str, str]]) -> Diagnosis:
    """What a flowtable has taken over no longer comes to the forward hook, where our rules are.

    Linux ``Documentation/networking/nf_flowtable.rst``. `flowtables`: family, table, name;
    one in our own table is drift.
    """
    listed = [
        f"{_FAMILIES.get(family, f'family {family}')} {table} {name}"
        for family, table, name in flowtables
        if (_FAMILIES.get(family), table) != ("inet", TABLE)
    ]
    if not listed:
        return Diagnosis("flowtables", True, "none")
    return Diagnosis(
        "flowtables",
        False,
        f"{', '.join(sorted(listed))}: established flows in it pass our rules by",
        "take the flowtable away, or expect that an order cuts new flows only",
    )


def _earlier(chain: BaseChain, ours: set[int]) -> Iterator[str]:
    hook = chain.hook
    incoming = not ours.isdisjoint((HOOKS["input"], HOOKS["forward"]))
    if chain.family == NFPROTO_NETDEV:
        if incoming and hook.number == 0:
            yield f"netdev {chain.table} {chain.name} (ingress {hook.priority})"
        return
    family = _FAMILIES.get(chain.family)
    if family is None or (family, chain.table) == ("inet", TABLE):
        return
    first = incoming and hook.number in (_PREROUTING, _INGRESS)
    if first or (hook.number in ours and hook.priority < PRIORITY):
        place = _PLACES[hook.number] if hook.number < len(_PLACES) else f"hook {hook.number}"
        yield f"{family} {chain.table} {chain.name} ({place} {hook.priority})"
