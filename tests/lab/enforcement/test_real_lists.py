# SPDX-License-Identifier: GPL-2.0-or-later
"""Real block lists: imported whole, every entry stands and is met by packets, then is gone."""

import json
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from enforcer.core.orders import BlockList, Direction
from inventory.list_files import read_list
from lab.isp import CUST1
from lab.probes import Probe, icmp, tcp, udp
from lab.traffic.crafted import Probe as Packet
from tests.lab.conftest import LabView
from tests.lab.enforcement.crossings import Crossing, crossing, passed, stopped
from tests.lab.enforcement.desk import Desk

pytestmark = pytest.mark.root

BORDER = "core1"


@pytest.fixture(params=["6.txt", "7.txt"])
def real_list(request: pytest.FixtureRequest, corpus: Path) -> Path:
    """A list as its publisher wrote it."""
    path = corpus / "addresses" / str(request.param)
    assert path.is_file(), f"the corpus has no {path.name}"
    return path


def entries(path: Path) -> list[str]:
    """The addresses of a list, by plain reading: what is no address is the importer's to say."""
    found = []
    for line in path.read_text().splitlines():
        try:
            found.append(str(ip_address(line.strip())))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def held(lab: LabView, router: str, addresses: list[str]) -> dict[str, int]:
    """In how many elements of our sets each address is, as nft shows them."""
    listed = json.loads(lab.run(router, "nft", "-j", "list", "ruleset").stdout)["nftables"]
    sets = (row["set"] for row in listed if "set" in row)
    spans = [span for one in sets for element in one.get("elem", []) for span in spans_in(element)]
    numbers = {address: int(ip_address(address)) for address in addresses}
    return {a: sum(first <= n <= last for first, last in spans) for a, n in numbers.items()}


def spans_in(element: object) -> Iterator[tuple[int, int]]:
    """First and last IPv4 address of an element, whatever it is wrapped in."""
    match element:
        case str() if "." in element:
            yield int(ip_address(element)), int(ip_address(element))
        case {"addr": str(text), "len": int(length)} if "." in text:
            net = ip_network(f"{text}/{length}")
            yield int(net.network_address), int(net.broadcast_address)
        case {"range": [str(first), str(last)]} if "." in first:
            yield int(ip_address(first)), int(ip_address(last))
        case dict():
            for inner in element.values():
                yield from spans_in(inner)


def both_ways(addresses: list[str]) -> tuple[Crossing, Crossing]:
    """Packets from and to every address."""
    return (
        crossing("third", "cust1", *(of_some_kind(n, a, CUST1.v4) for n, a in numbered(addresses))),
        crossing("cust1", "third", *(of_some_kind(n, CUST1.v4, a) for n, a in numbered(addresses))),
    )


def numbered(addresses: list[str]) -> Iterator[tuple[int, str]]:
    return iter(enumerate(addresses))


def of_some_kind(number: int, src: str, dst: str) -> Packet:
    kinds: list[Probe] = [udp(src, dst, 53), tcp(src, dst, 443), icmp(src, dst)]
    return kinds[number % len(kinds)]


def test_a_real_list_is_enforced_whole_and_leaves_nothing(
    desk: Desk, lab: LabView, real_list: Path
) -> None:
    addresses = entries(real_list)
    assert len(addresses) > 50
    assert stopped(*both_ways(addresses)) == []
    name = f"real-{real_list.stem}"
    imported = desk.installation.ask("list", "import", name, str(real_list))
    assert imported["entries"] == len(addresses) == len(read_list(real_list))
    order = desk.by_command("block-list", name, "--open-ended")
    assert order["entries"] == len(addresses)
    elements = held(lab, BORDER, addresses)
    assert {a: n for a, n in elements.items() if n != 2} == {}, "as source and as destination"
    assert passed(*both_ways(addresses)) == []
    assert stopped(*both_ways(["9.9.9.9", "1.1.1.1", "8.8.4.4"])) == []
    desk.lift(order["id"])
    assert set(held(lab, BORDER, addresses).values()) == {0}
    assert stopped(*both_ways(addresses)) == []


def test_an_order_follows_its_list(desk: Desk, corpus: Path) -> None:
    """A new version: what is new in it is blocked, what is no longer in it is free."""
    addresses = entries(corpus / "addresses" / "6.txt")
    old, new = addresses[:200], addresses[100:300]
    desk.import_list("followed", old)
    order = desk.by_command("block-list", "followed", "--open-ended")
    assert passed(*both_ways(old)) == []
    desk.import_list("followed", new, confirm_shrink=True)
    desk.await_settled(order["id"])
    desk.full_pass(BORDER)
    assert passed(*both_ways(new)) == []
    assert stopped(*both_ways(addresses[:100])) == []


def test_a_list_with_prefixes_of_both_families_nested_and_withheld(desk: Desk) -> None:
    """Nested entries, a customer's address (rejected), and one that is protected in part."""
    plain = ["203.0.114.0/24", "203.0.114.9", "198.51.100.11", "2001:2::/48"]
    imported = desk.import_list("mixed", [*plain, "203.0.113.224/27", "203.0.113.25", "# end"])
    assert imported.reasons == {"own-space": 1, "protected": 1}
    assert imported.withheld == 1
    demand = BlockList("mixed", Direction.FROM)
    order = desk.view(desk.place(demand).id)
    assert order.status == "partial"
    assert [line for line in order.withheld if line.startswith("203.0.113.240: router")]
    inside = ip_network("203.0.114.0/24")
    assert (
        passed(
            crossing("third", "cust1", *(udp(str(a), CUST1.v4, 9) for a in inside)),
            crossing("third", "cust1", udp("2001:2:0:5::5", CUST1.v6, 9)),
        )
        == []
    )
    assert (
        stopped(
            crossing("cust1", "victim", udp("198.51.100.11", "192.0.2.10", 9)),
            crossing("third", "cust1", udp("203.0.115.0", CUST1.v4, 9)),
            crossing("relay", "cust1", udp("203.0.113.25", CUST1.v4, 9)),
            crossing("cust1", "third", udp(CUST1.v4, "203.0.114.9", 9)),
        )
        == []
    )
