# SPDX-License-Identifier: GPL-2.0-or-later
from ipaddress import IPv4Interface, IPv4Network
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings

from enforcer.core.protection import with_derived
from enforcer.core.topology import (
    Customer,
    Device,
    Feed,
    Interface,
    MaintenanceWindow,
    ProtectedPrefix,
    SourceLimits,
    Topology,
)
from inventory.render import render
from inventory.yaml_files import load
from tests.unit.inventory.loadable import topologies


def there_and_back(topology: Topology) -> Topology:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "all.yaml"
        file.write_text(render(topology), encoding="utf-8")
        return load(file)


@given(topologies())
@settings(max_examples=60)
def test_what_is_rendered_is_loaded_back(topology: Topology) -> None:
    loaded = there_and_back(topology)
    assert loaded == topology
    assert loaded.digest == topology.digest
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


def test_what_is_derived_is_not_written() -> None:
    topology = with_derived(
        Topology(
            devices={
                "edge1": Device(
                    "edge1",
                    "nftables",
                    interfaces=(Interface("eth1", "", (IPv4Interface("192.0.2.1/30"),)),),
                )
            },
            protected=(
                ProtectedPrefix(IPv4Network("198.51.100.53/32"), "DNS server", "dns"),
                ProtectedPrefix(IPv4Network("198.51.100.54/32"), "the fast one", "dns"),
            ),
        )
    )
    assert [p.origin for p in topology.protected] == ["dns", "dns", "link", "link"]
    text = render(topology)
    assert text.count("192.0.2.") == 1
    assert text.endswith(
        "protected: []\ninfrastructure:\n  dns:\n  - 198.51.100.53\n"
        "  - prefix: 198.51.100.54\n    reason: the fast one\n"
    )


def test_no_limit_at_all_is_something_else_than_the_default() -> None:
    topology = Topology(sources={"*": SourceLimits("*", widest4=None, longest=3600)})
    assert "    longest: 1h\n    widest4:\n" in render(topology)
    assert there_and_back(topology) == topology


def test_times_are_written_as_people_do() -> None:
    window = MaintenanceWindow(frozenset({0, 6}), 90, 1440, "upgrades")
    topology = Topology(
        devices={"e": Device("e", "nftables", maintenance=(window,))},
        feeds={"drop": Feed("drop", "https://example.net/drop.txt", every=5400)},
    )
    text = render(topology)
    assert "days:\n      - mon\n      - sun\n      from: 01:30\n      to: 24:00\n" in text
    assert "every: 1h30m\n" in text
    assert there_and_back(topology) == topology
