# SPDX-License-Identifier: GPL-2.0-or-later
"""Exports as nft scripts, loaded by the real `nft -f`: the kernel drops what the rules say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enforcer.core.intervals import Ranges, merge
from enforcer.core.list_diff import difference
from enforcer.core.lists import ListContent, content_of
from enforcer.core.rules import Desired, Members
from enforcer.usecases.export import list_lines
from enforcer.usecases.export_nft import script
from enforcer.usecases.export_rows import Enforced
from tests.integration.nft_router import Router, bound, namespaces
from tests.integration.nft_verdicts import Verdicts, verdicts
from tests.integration.test_nft_driver_packets import packets, states
from tests.oracle import Packet, packet, rules_drop

pytestmark = pytest.mark.root

REUSED = [HealthCheck.function_scoped_fixture]


@pytest.fixture(scope="module")
def router(root: None) -> Iterator[Router]:
    with namespaces() as namespace:
        driver = bound(namespace, ("output",))
        with driver.connect() as session:
            yield Router(namespace, driver, session)


@pytest.fixture(scope="module")
def kernel(router: Router) -> Iterator[Verdicts]:
    with verdicts(router) as asked:
        yield asked


def parts(wanted: Desired) -> list[Enforced]:
    return [
        Enforced("r1", r, wanted.addresses.get(r, Members.none()), wanted.interfaces.get(r, ()))
        for r in wanted.rules()
    ]


def load(router: Router, lines: Iterable[str]) -> None:
    router.nft("".join(f"{line}\n" for line in lines))


@settings(suppress_health_check=REUSED, max_examples=40)
@given(wanted=states(), sent=st.lists(packets(), min_size=20, max_size=60))
def test_the_kernel_drops_what_was_exported(
    router: Router, kernel: Verdicts, wanted: Desired, sent: list[Packet]
) -> None:
    load(router, script(parts(wanted), ["output"]))
    for one in sent:
        assert kernel.dropped(one) == rules_drop(one, wanted), one


def content(v4: Iterable[tuple[int, int]], v6: Iterable[tuple[int, int]] = ()) -> ListContent:
    return content_of(Ranges.of(v4), Ranges.of(v6), 1)


def held(router: Router) -> ListContent:
    """What the sets of the table hold, as nft lists them."""
    listed = json.loads(router.run(["nft", "-j", "list", "table", "inet", "enforcer_export"]))
    found: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    for entry in listed["nftables"]:
        if "set" in entry:
            family = 4 if entry["set"]["type"] == "ipv4_addr" else 6
            found[family] += [span(element) for element in entry["set"].get("elem", [])]
    return content(found[4], found[6])


def span(element: object) -> tuple[int, int]:
    if isinstance(element, str):
        return int(ip_address(element)), int(ip_address(element))
    assert isinstance(element, dict)
    if "range" in element:
        first, last = (int(ip_address(end)) for end in element["range"])
        return first, last
    first = int(ip_address(element["prefix"]["addr"]))
    bits = 128 if ":" in element["prefix"]["addr"] else 32
    return first, first + (1 << bits - element["prefix"]["len"]) - 1


def test_a_list_of_any_shape_is_held_exactly(router: Router, kernel: Verdicts) -> None:
    low4, low6 = int(ip_address("203.0.113.0")), int(ip_address("2001:db8::"))
    stated = content(
        [(low4 + 7, low4 + 7), (low4 + 8, low4 + 8), (low4 + 16, low4 + 255), (low4, low4 + 3)],
        [(low6, low6), (low6 + 2, low6 + 2**80 + 5), (low6 + 2**70, low6 + 2**71)],
    )
    load(router, list_lines("odd", stated, "nft"))
    change = difference(stated, held(router))
    assert (change.added_total, change.removed_total) == (0, 0)
    for last, gone in ((3, True), (4, False), (7, True), (8, True), (9, False), (255, True)):
        there = packet(str(ip_address(low4 + last)), "8.8.8.8", sport=9, dport=9)
        back = packet("8.8.8.8", str(ip_address(low4 + last)), sport=9, dport=9)
        assert kernel.dropped(there) is kernel.dropped(back) is gone


def test_a_new_export_replaces_the_old_one_and_nothing_else(router: Router) -> None:
    router.nft("add table inet neighbour\nadd set inet neighbour s { type ipv4_addr; }\n")
    load(router, list_lines("a", content([(9, 9)]), "nft"))
    load(router, list_lines("a", content([(11, 12)]), "nft"))
    assert merge(held(router).ranges(4)).pairs() == ((11, 12),)
    assert "neighbour" in router.listing()
    load(router, list_lines("a", content([]), "nft"))
    assert len(held(router)) == 0


def test_a_long_list_loads(router: Router) -> None:
    stated = content([(2**24 + 3 * n, 2**24 + 3 * n + n % 2) for n in range(30_000)])
    load(router, list_lines("long", stated, "nft"))
    change = difference(stated, held(router))
    assert (change.added_total, change.removed_total) == (0, 0)
