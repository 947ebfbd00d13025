# SPDX-License-Identifier: GPL-2.0-or-later
"""What orders about BGP ask of each device: which routes, which sessions, which blackholes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enforcer.core.compile import Compiled, advance, compile_device
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.intervals import Ranges, networks_of
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    Demand,
    Direction,
    DropRoutes,
    Network,
    Order,
    Scope,
    Selection,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.protection import with_derived
from enforcer.core.routes import Route, rejects
from enforcer.core.rules import Addresses, Key, RouteMatch, Rule
from enforcer.core.sessions import CLOSED
from enforcer.core.topology import Attachment, Device, Leaving, ProtectedPrefix, Topology
from tests.unit.core.bgp_drafts import EDGE, NETWORK, OF_LEAKY, nets, sessions, with_device
from tests.unit.core.drafts import HOUR, draft

AT_EDGE = sessions("10.0.1.2")
UPSTREAM = sessions("10.0.0.1")


def order(demand: Demand, number: int = 1, scope: Scope | None = None) -> Order:
    asked = replace(draft(demand), scope=scope or Scope())
    return replace(asked.order(), number=number, changed=number)


def asks(demand: Demand, topology: Topology = NETWORK, scope: Scope | None = None) -> Contributions:
    return contributions(order(demand, scope=scope), topology, {})


def rules(
    found: Contributions, device: str = "edge1", neighbor: str = "10.0.1.2"
) -> dict[Rule, Ranges]:
    return {
        part.rule: Ranges(part.first, part.last)
        for part in found.on(device)
        if part.rule.neighbor == neighbor
    }


def dropped(
    demand: DropRoutes, texts: Iterable[str], topology: Topology = NETWORK, path: str = "65001"
) -> set[str]:
    """Which of the routes edge1 rejects from its leaky customer."""
    hops = tuple(map(int, path.split()))
    return {
        text
        for text in texts
        for rule, members in rules(asks(demand, topology)).items()
        if rejects(rule, members, Route(ip_network(text), hops))
    }


SEEN = (
    *("0.0.0.0/0", "8.8.0.0/16", "8.8.8.0/23", "8.8.8.0/24", "8.8.9.0/24", "8.8.8.0/25"),
    *("192.0.2.0/24", "192.0.2.0/25", "192.0.2.64/26", "192.0.2.128/25", "198.51.100.0/25"),
    *("::/0", "2001:db8:1::/48", "2001:db8:1:5::/64", "2001:db8::/32", "2620:fe::/48"),
)
FOUR = {text for text in SEEN if ":" not in text}
DROP = DropRoutes(AT_EDGE, nets("8.8.8.0/24", "8.8.9.0/24", "2620:fe::/48"))
EVERY = DropRoutes(AT_EDGE, choice="every")
REST = DropRoutes(AT_EDGE, choice="unregistered")


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        # Exactly these: two halves beside one another are not their union.
        (DROP, {"8.8.8.0/24", "8.8.9.0/24", "2620:fe::/48"}),
        (
            replace(DROP, or_longer=True),
            {"8.8.8.0/24", "8.8.9.0/24", "8.8.8.0/25", "2620:fe::/48"},
        ),
        (
            replace(DROP, prefixes=nets("8.8.8.0/25", "8.8.8.128/25"), or_longer=True),
            {"8.8.8.0/25"},
        ),
        (
            replace(DROP, prefixes=nets("8.8.8.0/23", "8.8.8.0/25"), or_longer=True),
            {"8.8.8.0/23", "8.8.8.0/24", "8.8.9.0/24", "8.8.8.0/25"},
        ),
        (replace(DROP, exceptions=Selection(nets("8.8.9.0/24"))), {"8.8.8.0/24", "2620:fe::/48"}),
        (
            replace(DROP, prefixes=nets("8.8.0.0/16", "8.8.8.0/24")),
            {"8.8.0.0/16", "8.8.8.0/24"},
        ),
        (
            REST,
            {*SEEN} - {"192.0.2.0/25", "192.0.2.64/26", "2001:db8:1::/48", "2001:db8:1:5::/64"},
        ),
        # Nothing of a family is registered: all of it would be rejected, and nothing of it is.
        (replace(REST, prefixes=nets("8.8.8.0/23")),
         FOUR - {"8.8.8.0/23", "8.8.8.0/24", "8.8.9.0/24", "8.8.8.0/25"}),
        (replace(REST, prefixes=nets("8.8.8.0/23", "::/0")),
         FOUR - {"8.8.8.0/23", "8.8.8.0/24", "8.8.9.0/24", "8.8.8.0/25"}),
        (
            replace(REST, exceptions=Selection(nets("8.8.0.0/16", "2001:db8::/32"))),
            {"0.0.0.0/0", "::/0", "192.0.2.0/24", "192.0.2.128/25", "198.51.100.0/25",
             "2620:fe::/48"},
        ),
        (EVERY, {*SEEN}),
        (replace(EVERY, longer_than4=24),
         {"8.8.8.0/25", "192.0.2.0/25", "192.0.2.64/26", "192.0.2.128/25", "198.51.100.0/25"}),
        (replace(EVERY, longer_than6=48), {"2001:db8:1:5::/64"}),
        (replace(EVERY, longer_than4=25, longer_than6=127), {"192.0.2.64/26"}),
        (replace(DROP, or_longer=True, longer_than4=24), {"8.8.8.0/25"}),
        (replace(DROP, longer_than4=24), set()),
        (replace(REST, longer_than4=25), set()),
    ],
)  # fmt: skip
def test_which_routes_are_rejected(demand: DropRoutes, expected: set[str]) -> None:
    assert dropped(demand, SEEN) == expected


@pytest.mark.parametrize(
    ("demand", "path", "gone"),
    [
        (replace(EVERY, origin_as=3), "65001 3", True),
        (replace(EVERY, origin_as=3), "65001 3 4", False),
        (replace(EVERY, path_as=3), "65001 3 4", True),
        (replace(EVERY, path_as=5), "65001 3 4", False),
        (replace(DROP, origin_as=4, path_as=3), "65001 3 4", True),
        (replace(DROP, origin_as=3, path_as=3), "65001 3 4", False),
    ],
)
def test_by_origin_and_by_path(demand: DropRoutes, path: str, gone: bool) -> None:
    assert dropped(demand, ["8.8.8.0/24"], path=path) == ({"8.8.8.0/24"} if gone else set())


def test_registered_is_what_the_inventory_says_of_the_sessions_customer() -> None:
    found = asks(replace(REST, sessions=sessions(65001, "10.0.0.1")))
    (of_customer,) = rules(found, "edge2", "10.0.2.2")
    assert len(of_customer.exempt) == 1
    assert rules(found, "edge1", "10.0.0.1") == {}, "an upstream may send everything"
    assert found.unresolved == ("registered IPv4 prefixes of 10.0.0.1",)


def test_what_is_registered_of_nobody_is_never_everything() -> None:
    everywhere = replace(REST, sessions=sessions())
    found = asks(everywhere, scope=Scope(("edge1",)))
    assert {p.rule.neighbor for p in found.parts} == {"10.0.1.2"}, "customers alone"
    assert found.unresolved == ("registered IPv4 prefixes of bare",)
    given = asks(replace(everywhere, prefixes=nets("8.8.8.0/24")), scope=Scope(("edge1",)))
    assert {p.rule.neighbor for p in given.parts} == {"10.0.1.2", "10.9.0.7"}
    without = replace(NETWORK.customers["leaky"], prefixes=())
    emptied = replace(NETWORK, customers={**NETWORK.customers, "leaky": without})
    left = asks(everywhere, emptied, Scope(("edge1",)))
    assert left.parts == (), "the space left the inventory: nothing is rejected, and it is said"
    assert "registered IPv6 prefixes of leaky" in left.unresolved


def test_orders_for_two_halves_do_not_reject_the_whole() -> None:
    halves = [
        contributions(order(replace(DROP, prefixes=nets(text), or_longer=True), n), NETWORK, {})
        for n, text in enumerate(("8.8.8.0/25", "8.8.8.128/25"), 1)
    ]
    desired = compile_device("edge1", halves).desired.addresses
    for text, expected in (("8.8.8.0/24", False), ("8.8.8.0/25", True), ("8.8.8.192/26", True)):
        route = Route(ip_network(text), (65001,))
        found = [rejects(r, Ranges(m.first, m.last), route) for r, m in desired.items()]
        assert any(found) is expected


def test_where_only_routes_are_filtered_no_packets_are_blocked() -> None:
    suspended = asks(SuspendCustomer("leaky", Selection(), "prefixes"))
    assert {p.rule for p in suspended.on("edge1")} == {CLOSED}
    assert {p.rule.key for p in suspended.on("filter1")} == {Key.SOURCE, Key.DESTINATION}
    scoped = asks(
        SuspendCustomer("leaky", Selection(), "prefixes"), scope=Scope(("edge1", "filter1"))
    )
    assert closed(scoped) == {"edge1": ("10.0.1.2",)}
    assert {p.device for p in scoped.parts if p.rule != CLOSED} == {"filter1"}
    third = BlockAddress(ip_network("8.8.8.8/32"))
    assert asks(third).devices == (), "both borders only route"
    border = Device("border1", "nftables", roles=frozenset({"border"}))
    assert asks(third, with_device(border)).devices == ("border1",)
    assert asks(third, with_device(replace(border, filters=False))).devices == ()


def test_who_is_attached_to_routers_alone_is_blocked_at_the_borders() -> None:
    border = Device("border1", "nftables", roles=frozenset({"border"}))
    routed = replace(NETWORK.customers["leaky"], attachments=(Attachment("edge1", "eth1"),))
    topology = replace(with_device(border), customers={**NETWORK.customers, "leaky": routed})
    found = asks(SuspendCustomer("leaky", Selection(), "prefixes"), topology)
    assert {p.rule for p in found.on("edge1")} == {CLOSED}
    assert len(found.on("border1")) == 4


def test_families_direction_scope_and_neighbors() -> None:
    both = asks(EVERY)
    assert {(r.family, r.key, r.neighbor) for r in rules(both)} == {
        (4, Key.RECEIVED, "10.0.1.2"),
        (6, Key.RECEIVED, "10.0.1.2"),
    }
    out = asks(replace(EVERY, direction="out"))
    assert {r.key for r in rules(out)} == {Key.ANNOUNCED}
    everywhere = asks(replace(EVERY, sessions=OF_LEAKY))
    assert everywhere.devices == ("edge1", "edge2")
    assert [r.family for r in rules(everywhere, "edge2", "10.0.2.2")] == [4]
    assert asks(replace(EVERY, sessions=OF_LEAKY), scope=Scope(("edge2",))).devices == ("edge2",)


def test_where_sessions_are_not_filtered_nothing_is_asked() -> None:
    for changed in (replace(EDGE, leaving=Leaving.DRAINING), replace(EDGE, bgp=False)):
        found = asks(replace(EVERY, sessions=OF_LEAKY), with_device(changed))
        assert found.devices == ("edge2",)


def test_nothing_is_withheld_of_routes() -> None:
    guarded = replace(NETWORK, protected=(ProtectedPrefix(ip_network("8.8.8.0/25"), "ours"),))
    assert asks(DROP, guarded).withheld == ()
    assert dropped(DROP, ["8.8.8.0/24"], guarded) == {"8.8.8.0/24"}


def test_a_customer_who_left_is_said_to_be_unknown() -> None:
    found = asks(DropRoutes(sessions("nobody"), nets("8.8.8.0/24")))
    assert (found.parts, found.unresolved) == ((), ("customer nobody",))
    assert asks(ShutdownSession(sessions("nobody"))).unresolved == ("customer nobody",)


def closed(found: Contributions) -> dict[str, tuple[str, ...]]:
    return {part.device: part.interfaces for part in found.parts if part.rule == CLOSED}


SHUT_OF_LEAKY = {"edge1": ("10.0.1.2",), "edge2": ("10.0.2.2",)}


def test_sessions_are_shut_and_nothing_else() -> None:
    for demand in (ShutdownSession(OF_LEAKY), SuspendCustomer("leaky", Selection(), "session")):
        found = asks(demand)
        assert closed(found) == SHUT_OF_LEAKY
        assert {part.rule for part in found.parts} == {CLOSED}
        assert found.devices == ("edge1", "edge2")


@pytest.mark.parametrize("by", ["prefixes", "interface"])
def test_a_suspension_shuts_the_sessions_too(by: str) -> None:
    essentials = Selection(service_sets=("essentials",))
    demand = SuspendCustomer("leaky", essentials, "prefixes" if by == "prefixes" else "interface")
    found = asks(demand)
    assert closed(found) == SHUT_OF_LEAKY
    assert found.devices == ("edge1", "edge2", "filter1")
    assert len({part.rule for part in found.on("filter1")}) > 1


def test_a_suspension_by_interface_of_who_has_sessions_alone_shuts_them() -> None:
    bare = replace(NETWORK.customers["leaky"], attachments=())
    topology = replace(NETWORK, customers={**NETWORK.customers, "leaky": bare})
    found = asks(SuspendCustomer("leaky", Selection(), "interface"), topology)
    assert closed(found) == {"edge1": ("10.0.1.2",)}
    assert {part.rule for part in found.parts} == {CLOSED}


def test_the_link_to_a_suspended_customer_stays_exempt() -> None:
    filtering = with_derived(with_device(replace(EDGE, filters=True)))
    found = asks(SuspendCustomer("leaky", Selection(), "interface"), filtering)
    by_interface = [p.rule for p in found.on("edge1") if p.rule.key is Key.INPUT_INTERFACE]
    link = ip_network("10.0.1.0/30")
    exempt = {(e.first, e.last) for rule in by_interface for e in rule.exempt}
    assert (int(link.network_address), int(link.broadcast_address)) in exempt


def test_a_suspension_by_shutdown_leaves_the_sessions_to_the_interface() -> None:
    assert closed(asks(SuspendCustomer("leaky", Selection(), "shutdown"))) == {}


HOLE = Blackhole(ip_network("192.0.2.7/32"), exports=("transit2", "transit1", "transit1"))


def test_a_blackhole_is_placed_on_speakers_alone() -> None:
    found = asks(HOLE)
    assert found.devices == ("speaker",)
    (part,) = found.parts
    match = RouteMatch(32, 32)
    assert part.rule == Rule(4, Key.BLACKHOLE, routes=match, exports=("transit1", "transit2"))
    assert Ranges(part.first, part.last).pairs() == ((3221225991, 3221225991),)
    assert asks(HOLE, scope=Scope(("edge1",))).devices == ()


def test_both_directions_are_one_announcement() -> None:
    assert asks(replace(HOLE, direction=Direction.BOTH)).parts[0].rule == asks(HOLE).parts[0].rule


def test_a_narrow_blackhole_inside_a_wide_one_stands_beside_it() -> None:
    holes = [
        contributions(order(Blackhole(ip_network(text)), n), NETWORK, {})
        for n, text in enumerate(("8.8.8.0/24", "8.8.8.7/32"), 1)
    ]
    desired = compile_device("speaker", holes).desired.addresses
    found = {networks(m.first, m.last) for m in desired.values()}
    assert found == {nets("8.8.8.0/24"), nets("8.8.8.7/32")}


def networks(first: Addresses, last: Addresses) -> tuple[Network, ...]:
    return tuple(networks_of(Ranges(first, last), 4))


def test_what_is_left_of_a_blackhole_is_of_each_length_a_rule() -> None:
    guarded = replace(NETWORK, protected=(ProtectedPrefix(ip_network("8.8.8.0/32"), "ours"),))
    found = asks(Blackhole(ip_network("8.8.8.0/30")), guarded)
    left = {p.rule.routes: networks(p.first, p.last) for p in found.parts}
    assert left == {RouteMatch(31, 31): nets("8.8.8.2/31"), RouteMatch(32, 32): nets("8.8.8.1/32")}


def test_what_is_protected_is_withheld_from_a_blackhole() -> None:
    guarded = replace(NETWORK, protected=(ProtectedPrefix(ip_network("192.0.2.7/32"), "ours"),))
    found = asks(HOLE, guarded)
    assert found.parts == () and found.devices == ("speaker",)
    assert [w.reason for w in found.withheld] == ["ours"]
    part = asks(replace(HOLE, prefix=ip_network("192.0.2.6/31")), guarded).parts[0]
    assert Ranges(part.first, part.last).pairs() == ((3221225990, 3221225990),)


SPACE: tuple[Network, ...] = nets("8.8.8.0/24", "8.8.8.0/25", "8.8.9.0/24", "2620:fe::/48")


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    some = tuple(draw(st.lists(st.sampled_from(SPACE), min_size=1, max_size=3)))
    named = draw(st.sampled_from([OF_LEAKY, AT_EDGE, UPSTREAM, sessions(65001, 64500)]))
    choices: list[Demand] = [
        DropRoutes(named, some),
        DropRoutes(named, some, or_longer=True, longer_than4=24),
        DropRoutes(named, some, "unregistered", exceptions=Selection(some[:1])),
        DropRoutes(named, choice="every", origin_as=65009, direction="out"),
        ShutdownSession(named),
        SuspendCustomer("leaky", Selection(some), "prefixes"),
        SuspendCustomer("leaky", Selection(), "session"),
        Blackhole(some[0]),
        Blackhole(some[0], exports=("transit1",)),
        BlockAddress(some[0]),
    ]
    return draw(st.sampled_from(choices))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(demands(), st.sampled_from([None, 1, 2])), max_size=4),
    st.lists(st.tuples(st.integers(1, 4), st.none() | demands()), max_size=6),
)
def test_going_step_by_step_is_the_same_as_compiling_at_once(
    first: list[tuple[Demand, int | None]], steps: list[tuple[int, Demand | None]]
) -> None:
    def asked(number: int, demand: Demand, hours: int | None = None) -> Contributions:
        one = order(demand, number)
        end = None if hours is None else one.start + hours * HOUR
        return contributions(replace(one, end=end), NETWORK, {})

    standing = {n: asked(n, *one) for n, one in enumerate(first, 1)}
    for device in NETWORK.devices:
        known = dict(standing)
        compiled: Compiled = compile_device(device, known.values())
        for number, demand in steps:
            if demand is None:
                known.pop(number, None)
                compiled, _ = advance(compiled, (), (number,))
            else:
                known[number] = asked(number, demand)
                compiled, _ = advance(compiled, (known[number],), ())
            assert compiled.desired.same_as(compile_device(device, known.values()).desired)
            assert all(map(len, compiled.desired.addresses.values()))
            assert all(map(len, compiled.desired.interfaces.values()))
