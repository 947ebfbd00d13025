# SPDX-License-Identifier: GPL-2.0-or-later
"""The short way for a single range gives what the columns give."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import given

from enforcer.core.contributions import contributions, same_on
from enforcer.core.intervals import Ranges, Runs, inside, subtract
from enforcer.core.orders import BlockAddress, BlockFlow, Selection
from enforcer.core.placement import Devices, Ownership, ownership
from enforcer.core.topology import Attachment, Customer, Device, ProtectedPrefix, Topology
from tests.strategies import Case, cases, rows
from tests.unit.core.situations import order


class ByColumns(Ownership):
    """Without any short way."""

    def withheld_of(self, target: Ranges, family: int) -> tuple[Ranges, Ranges]:
        return subtract(target, self.protected[family])

    def one_owner(self, target: Ranges, family: int) -> tuple[Devices, ...] | None:
        return None


def by_columns(topology: Topology) -> ByColumns:
    known = ownership(topology)
    return ByColumns(known.borders, known.places, known.rows, known.owned, known.protected)


@given(case=cases(shut=True))
def test_contributions_are_the_same_by_either_way(case: Case) -> None:
    slow = by_columns(case.topology)
    for each in case.orders:
        short = contributions(each, case.topology, case.lists)
        assert same_on(None, short, contributions(each, case.topology, case.lists, slow))


@given(found=rows(), probe=rows(most=3))
def test_runs_meet_what_the_columns_say(
    found: tuple[tuple[int, int, int, int], ...], probe: tuple[tuple[int, int, int, int], ...]
) -> None:
    region, _ = subtract(Ranges.of((low, high) for low, high, _, _ in found), Ranges.none())
    runs = Runs.of(region)
    for low, high, _, _ in probe:
        parts = inside(Ranges.of([(low, high)]), region).ranges.pairs()
        met = runs.met(low, high)
        cut = [(max(low, runs.first[at]), min(high, runs.last[at])) for at in met]
        assert tuple(cut) == parts
        assert [runs.around(at, low, high) for at in met] == [part == (low, high) for part in parts]


def test_what_an_owner_without_any_device_owns_is_placed_nowhere() -> None:
    own, other = ip_network("203.0.113.0/24"), ip_network("198.51.100.0/24")
    topology = Topology(
        {"access1": Device("access1", "nftables")},
        {
            "nowhere": Customer("nowhere", (own,)),
            "there": Customer("there", (other,), (Attachment("access1", "eth1"),)),
        },
    )
    flow = BlockFlow(Selection(prefixes=(own,)), Selection(customers=("there",)))
    assert contributions(order(1, flow), topology, {}).devices == ()


def test_one_address_of_a_protected_prefix_is_withheld_by_its_longest_reason() -> None:
    topology = Topology(
        {"edge1": Device("edge1", "nftables", roles=frozenset({"border"}))},
        protected=(
            ProtectedPrefix(ip_network("192.0.2.0/24"), "all of it"),
            ProtectedPrefix(ip_network("192.0.2.8/29"), "the servers"),
            ProtectedPrefix(ip_network("198.51.100.0/24"), "elsewhere"),
        ),
    )
    found = contributions(order(1, BlockAddress(ip_network("192.0.2.9/32"))), topology, {})
    assert not found.parts
    assert found.devices == ("edge1",)
    assert [row.reason for row in found.withheld] == ["the servers"]
    beside = contributions(order(2, BlockAddress(ip_network("192.0.3.0/32"))), topology, {})
    assert beside.parts
    assert not beside.withheld
