# SPDX-License-Identifier: GPL-2.0-or-later
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.orders import Network, PortRange
from enforcer.core.services import WITH_PORTS, join_ports
from enforcer.core.topology import (
    Attachment,
    Contact,
    Customer,
    Device,
    Interface,
    Mode,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    Topology,
)
from inventory.render import render
from inventory.schema import BEHIND_WORDS
from inventory.yaml_files import load

words = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
names = words.filter(lambda name: name not in BEHIND_WORDS)
interface_names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9./:-]{0,8}", fullmatch=True)
free_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
some_text = free_text.filter(lambda text: bool(text.strip()))
networks: st.SearchStrategy[Network] = st.one_of(
    st.builds(
        lambda a, n: IPv4Network((a, n), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(1, 32),
    ),
    st.builds(
        lambda a, n: IPv6Network((a | 1 << 125, n), strict=False),
        st.integers(0, 2**124),
        st.integers(3, 128),
    ),
)
port_sets = st.lists(
    st.tuples(st.integers(0, 99), st.integers(99, 65535)).map(lambda p: PortRange(*p)), max_size=2
).map(join_ports)


def network_lists(min_size: int) -> st.SearchStrategy[tuple[Network, ...]]:
    return st.lists(networks, min_size=min_size, max_size=3).map(tuple)


@st.composite
def entries(draw: st.DrawFn) -> ServiceEntry:
    protocol = draw(st.none() | st.integers(0, 255))
    ports = draw(port_sets) if protocol in WITH_PORTS else ()
    return ServiceEntry(draw(network_lists(1)), protocol, ports)


@st.composite
def devices(draw: st.DrawFn, name: str, customers: list[str]) -> Device:
    behind = st.sampled_from(["", *BEHIND_WORDS, *customers])
    interfaces = draw(st.dictionaries(interface_names, behind, max_size=3))
    return Device(
        name,
        draw(words),
        draw(free_text),
        draw(st.frozensets(words, max_size=2)),
        draw(st.sampled_from(Mode)),
        draw(st.dictionaries(words, free_text, max_size=2)),
        tuple(Interface(i, b) for i, b in interfaces.items()),
        draw(st.frozensets(st.sampled_from(["forward", "input", "output"]), min_size=1)),
        draw(network_lists(0)),
        draw(st.none() | st.integers(1, 10**9)),
    )


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    customer_names = draw(st.lists(names, unique=True, max_size=3))
    device_names = draw(st.lists(words, unique=True, max_size=3))
    boxes = {name: draw(devices(name, customer_names)) for name in device_names}
    free = draw(st.lists(networks, unique=True, min_size=len(customer_names), max_size=8))
    contacts = st.builds(Contact, some_text, st.sampled_from(["mail", "phone", "pager"]), some_text)
    customers = {}
    for at, name in enumerate(customer_names):
        attached = [
            Attachment(box.name, i.name)
            for box in boxes.values()
            for i in box.interfaces
            if i.behind == name or (not i.behind and draw(st.booleans()))
        ]
        prefixes = tuple(free[at :: len(customer_names)])
        people = tuple(draw(st.lists(contacts, max_size=2)))
        customers[name] = Customer(name, prefixes, tuple(attached), people)
    sets = draw(st.dictionaries(words, st.lists(entries(), min_size=1, max_size=2), max_size=2))
    return Topology(
        boxes,
        customers,
        {name: ServiceSet(name, tuple(found)) for name, found in sets.items()},
        tuple(draw(st.lists(st.builds(ProtectedPrefix, networks, some_text), max_size=3))),
        draw(st.booleans()),
    )


@given(topologies())
def test_what_is_rendered_is_loaded_back(topology: Topology) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "all.yaml"
        file.write_text(render(topology), encoding="utf-8")
        loaded = load(file)
    assert loaded == topology
    assert list(loaded.customers) == list(topology.customers)
    assert render(loaded) == render(topology)


def test_it_reads_well() -> None:
    topology = Topology(
        devices={
            "edge1": Device("edge1", "nftables", interfaces=(Interface("eth1", "cust1"),)),
        },
        customers={"cust1": Customer("cust1", (IPv4Network("192.0.2.1/32"),))},
    )
    assert render(topology).splitlines() == [
        "settings:",
        "  documentation_space: false",
        "devices:",
        "  edge1:",
        "    platform: nftables",
        "    mode: observe",
        "    interfaces:",
        "      eth1:",
        "        behind: cust1",
        "    hooks:",
        "    - forward",
        "customers:",
        "  cust1:",
        "    prefixes:",
        "    - 192.0.2.1",
        "service_sets: {}",
        "protected: []",
    ]
