# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypothesis strategies: every topology that an inventory's files can state."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)

from hypothesis import strategies as st

from enforcer.core.boxes import Box, box_of
from enforcer.core.orders import DEFAULT_VRF, Network, PortRange
from enforcer.core.protection import INFRASTRUCTURE, is_protectable, merged, with_derived
from enforcer.core.services import WITH_PORTS, join_ports
from enforcer.core.special_purpose import overlap
from enforcer.core.topology import (
    Attachment,
    BrakeLimits,
    Contact,
    Customer,
    Device,
    DynamicPool,
    Feed,
    Interface,
    LinkAddress,
    MaintenanceWindow,
    Mode,
    Neighbor,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    SharedSpace,
    SourceLimits,
    Tenant,
    Topology,
)
from inventory.device_schema import BEHIND_WORDS
from inventory.fields import MINUTES_A_DAY

words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
list_names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,8}", fullmatch=True)
names = words.filter(lambda name: name not in BEHIND_WORDS)
interface_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9./:-]{0,8}", fullmatch=True)
free_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
some_text = free_text.filter(lambda text: bool(text.strip()))
addresses4 = st.integers(1 << 24, 2**32 - 1).map(IPv4Address)
addresses6 = st.integers(1 << 125, 1 << 126).map(IPv6Address)
addresses = addresses4 | addresses6
hosts: st.SearchStrategy[Network] = addresses4.map(IPv4Network) | addresses6.map(IPv6Network)
networks: st.SearchStrategy[Network] = st.one_of(
    st.builds(
        lambda a, n: IPv4Network((a, n), strict=False), addresses4.map(int), st.integers(1, 32)
    ),
    st.builds(
        lambda a, n: IPv6Network((a, n), strict=False), addresses6.map(int), st.integers(3, 128)
    ),
)
port_sets = st.lists(
    st.tuples(st.integers(0, 99), st.integers(99, 65535)).map(lambda p: PortRange(*p)), max_size=2
).map(join_ports)
seconds = st.integers(1, 10**7)
references = st.builds(
    lambda scheme, rest: f"{scheme}:{rest}", st.sampled_from(["file", "env"]), words
)


def several(
    strategy: st.SearchStrategy[Network], least: int = 0
) -> st.SearchStrategy[tuple[Network, ...]]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


def _is_host(address: LinkAddress) -> bool:
    """Neither the link itself nor, of IPv4, its broadcast address."""
    link = address.network
    if not isinstance(address, IPv4Interface) or link.prefixlen >= 31:
        return True
    return address.ip not in (link.network_address, link.broadcast_address)


link_addresses = st.one_of(
    st.builds(lambda a, n: IPv4Interface((a, n)), addresses4.map(int), st.integers(8, 32)),
    st.builds(lambda a, n: IPv6Interface((a, n)), addresses6.map(int), st.integers(48, 128)),
).filter(_is_host)


@st.composite
def service_entries(draw: st.DrawFn) -> ServiceEntry:
    protocol = draw(st.none() | st.integers(0, 255))
    ports = draw(port_sets) if protocol in WITH_PORTS else ()
    return ServiceEntry(draw(several(networks, 1)), protocol, ports)


@st.composite
def windows(draw: st.DrawFn) -> MaintenanceWindow:
    start, end = sorted(
        draw(st.lists(st.integers(0, MINUTES_A_DAY), min_size=2, max_size=2, unique=True))
    )
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return MaintenanceWindow(days, start, end, draw(free_text))


@st.composite
def devices(draw: st.DrawFn, name: str, customers: list[str]) -> Device:
    behind = st.sampled_from(["", *BEHIND_WORDS, *customers])
    interfaces = draw(st.dictionaries(interface_names, behind, max_size=2))
    vrfs = draw(st.frozensets(words.filter(lambda word: word != DEFAULT_VRF), max_size=2))
    neighbors = st.builds(
        Neighbor,
        addresses,
        st.integers(0, 2**32 - 1),
        behind,
        st.sampled_from([DEFAULT_VRF, *sorted(vrfs)]),
        families=st.sampled_from([(), (4,), (6,), (4, 6)]),
    )
    return Device(
        name,
        draw(words),
        draw(free_text),
        draw(st.frozensets(words, max_size=2)),
        draw(st.sampled_from(Mode)),
        draw(st.dictionaries(st.sampled_from(["netns", "host", "port"]), free_text)),
        tuple(
            Interface(i, b, tuple(draw(st.lists(link_addresses, max_size=2))), draw(st.booleans()))
            for i, b in interfaces.items()
        ),
        draw(st.frozensets(st.sampled_from(["forward", "input", "output"]), min_size=1)),
        draw(several(networks)),
        draw(st.none() | st.integers(1, 10**9)),
        draw(st.just("") | references),
        vrfs,
        draw(several(hosts)),
        draw(several(hosts)),
        _named(draw(st.lists(neighbors, max_size=2, unique_by=lambda n: n.address))),
        tuple(draw(st.lists(windows(), max_size=2))),
        mechanism=draw(st.sampled_from(["filter", "rtbh"])),
        urpf=draw(st.sampled_from(["", "strict", "loose"])),
        options=draw(st.dictionaries(st.sampled_from(["confirm", "save", "pace"]), free_text)),
        bgp=draw(st.booleans()),
    )


def _named(drawn: list[Neighbor]) -> tuple[Neighbor, ...]:
    """The first ones with a name, each its own."""
    return tuple(replace(n, name=f"peer{at}" if at else "") for at, n in enumerate(drawn))


contacts = st.builds(
    lambda name, way: Contact(name, *way),
    some_text,
    st.sampled_from(
        [("mail", "abuse@example.net"), ("phone", "+999 5550100"), ("pager", "at the gate")]
    ),
)


def _one_name_each(drawn: list[Device]) -> list[Device]:
    """Each is reached in its own way: where two are in the same, the later one says nothing."""
    seen: set[Box | None] = {None}
    kept = []
    for device in drawn:
        box = box_of(device.platform, device.transport)
        kept.append(replace(device, transport={}) if box in seen else device)
        seen.add(box)
    return kept


def attachments(name: str, boxes: dict[str, Device]) -> list[Attachment]:
    """Where a customer may be connected."""
    return [
        place
        for box in boxes.values()
        for place in (
            *(Attachment(box.name, i.name) for i in box.interfaces if i.behind in ("", name)),
            *(
                Attachment(box.name, neighbor=str(n.address))
                for n in box.neighbors
                if n.behind in ("", name)
            ),
            Attachment(box.name, news_site=f"feed {name}"),
        )
    ]


def implied(name: str, boxes: dict[str, Device]) -> set[Attachment]:
    """Where it is said to be behind something."""
    found = {
        Attachment(b.name, i.name) for b in boxes.values() for i in b.interfaces if i.behind == name
    }
    return found | {
        Attachment(b.name, neighbor=str(n.address))
        for b in boxes.values()
        for n in b.neighbors
        if n.behind == name
    }


def _first_host(prefix: Network) -> Network:
    if isinstance(prefix, IPv4Network):
        return IPv4Network(prefix.network_address)
    return IPv6Network(prefix.network_address)


@st.composite
def customers(
    draw: st.DrawFn, name: str, prefixes: tuple[Network, ...], boxes: dict[str, Device]
) -> Customer:
    possible, must = attachments(name, boxes), implied(name, boxes)
    chosen = [place for place in possible if place in must or draw(st.booleans())]
    inside: list[Network] = [part for prefix in prefixes for part in (prefix, _first_host(prefix))]
    ours = draw(st.lists(st.sampled_from(inside), unique=True, max_size=2)) if inside else []
    tenants = tuple(
        Tenant(f"{name[:8]}.tenant{at}", (part,), tuple(draw(st.lists(contacts, max_size=1))))
        for at, part in enumerate(ours)
    )
    people = tuple(draw(st.lists(contacts, max_size=1)))
    return Customer(name, prefixes, tuple(draw(st.permutations(chosen))), people, tenants)


def _apart(prefixes: list[Network]) -> list[Network]:
    """Those that overlap none before them."""
    kept: list[Network] = []
    for prefix in prefixes:
        if not any(overlap(prefix, other) for other in kept):
            kept.append(prefix)
    return kept


@st.composite
def spaces(draw: st.DrawFn, users: list[str]) -> tuple[SharedSpace, ...]:
    named = draw(st.lists(words, unique=True, max_size=2))
    some = st.lists(st.sampled_from(users), max_size=2).map(tuple) if users else st.just(())
    found = []
    for name in named:
        shared_by = draw(some)
        kind = draw(st.sampled_from(["shared", "cgnat"])) if shared_by else "cgnat"
        prefixes = draw(several(networks, 1))
        found.append(
            SharedSpace(name, prefixes, "cgnat" if kind == "cgnat" else "shared", shared_by)
        )
    return tuple(found)


@st.composite
def pools(draw: st.DrawFn) -> tuple[DynamicPool, ...]:
    apart = _apart(draw(st.lists(networks, max_size=2)))
    named = draw(st.lists(words, unique=True, min_size=len(apart), max_size=len(apart)))
    return tuple(
        DynamicPool(name, (prefix,), draw(seconds))
        for name, prefix in zip(named, apart, strict=True)
    )


@st.composite
def feeds(draw: st.DrawFn, name: str) -> Feed:
    every = draw(seconds)
    return Feed(
        name,
        draw(st.sampled_from(["https://example.net/a.txt", "/var/lib/a.csv"])),
        every,
        every + draw(st.integers(0, 10**6)),
        draw(st.sampled_from(["auto", "csv", "jsonl"])),
        draw(st.sampled_from(["", "address"])),
        draw(st.integers(0, 32)),
        draw(st.integers(0, 128)),
        draw(st.none() | st.integers(1, 10**9)),
    )


def sources(name: str) -> st.SearchStrategy[SourceLimits]:
    count = st.none() | st.integers(1, 10**6)
    return st.builds(
        SourceLimits,
        st.just(name),
        st.none() | seconds,
        count,
        count,
        st.none() | st.integers(0, 32),
        st.none() | st.integers(0, 128),
    )


stated = st.lists(st.builds(ProtectedPrefix, networks, some_text), max_size=2)


@st.composite
def infrastructure(draw: st.DrawFn) -> list[ProtectedPrefix]:
    found = draw(
        st.lists(
            st.builds(
                ProtectedPrefix,
                networks.filter(is_protectable),
                some_text,
                st.sampled_from(INFRASTRUCTURE),
            ),
            max_size=3,
        )
    )
    return sorted(found, key=lambda one: INFRASTRUCTURE.index(one.origin))


brakes = st.builds(
    BrakeLimits,
    st.integers(0, 10**6),
    st.integers(0, 1000).map(lambda tenths: tenths / 10),
    st.integers(0, 1000),
)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Every section may be there, everything that refers to something finds it."""
    customer_names = draw(st.lists(names, unique=True, max_size=2))
    device_names = draw(st.lists(words, unique=True, max_size=2))
    drawn = [draw(devices(name, customer_names)) for name in device_names]
    boxes = {device.name: device for device in _one_name_each(drawn)}
    free = draw(st.lists(networks, unique=True, min_size=len(customer_names), max_size=5))
    people = {
        name: draw(customers(name, tuple(free[at :: len(customer_names)]), boxes))
        for at, name in enumerate(customer_names)
    }
    sets = draw(
        st.dictionaries(words, st.lists(service_entries(), min_size=1, max_size=2), max_size=1)
    )
    users = [*people, *(tenant.name for one in people.values() for tenant in one.tenants)]
    listed = draw(st.lists(list_names, unique=True, max_size=1))
    asking = draw(st.lists(st.just("*") | words, unique=True, max_size=2))
    topology = Topology(
        devices=boxes,
        customers=people,
        service_sets={name: ServiceSet(name, tuple(found)) for name, found in sets.items()},
        protected=merged([*draw(stated), *draw(infrastructure())]),
        documentation_space=draw(st.booleans()),
        shared=draw(spaces(users)),
        pools=draw(pools()),
        feeds={name: draw(feeds(name)) for name in listed},
        sources={name: draw(sources(name)) for name in asking},
        brake=draw(st.just(BrakeLimits()) | brakes),
    )
    return with_derived(topology)
