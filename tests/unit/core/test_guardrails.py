# SPDX-License-Identifier: GPL-2.0-or-later
"""Each code is broken on purpose, and each draft passes once the break is mended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from enforcer.core import guardrails
from enforcer.core.draft import Draft
from enforcer.core.guardrails import check
from enforcer.core.intervals import Ranges
from enforcer.core.orders import (
    BlockAddress,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    PortRange,
    Scope,
    Selection,
)
from enforcer.core.plan import Barred, Capability
from enforcer.core.rules import Key
from enforcer.core.times import LONGEST
from tests.unit.core.drafts import (
    ADDRESS,
    BY_INTERFACE,
    CAPABILITIES,
    CUST1,
    ESSENTIALS,
    EVERYTHING,
    FEED,
    FLOW,
    HOUR,
    KNOWN,
    LIST,
    NEWS,
    NOW,
    PORT,
    SHUT,
    SMTP,
    SUSPEND,
    TOPOLOGY,
    block,
    codes,
    confirmed,
    draft,
    wide,
)
from tests.unit.core.test_guardrails_bgp import MENDED as BROKEN_BGP


@pytest.mark.parametrize(
    "demand", [ADDRESS, PORT, FLOW, LIST, SUSPEND, BY_INTERFACE, FEED], ids=lambda d: str(d.kind)
)
def test_sound_drafts_pass(demand: Demand) -> None:
    assert check(draft(demand), TOPOLOGY, KNOWN, NOW, CAPABILITIES) == ()
    assert check(draft(demand), TOPOLOGY, KNOWN, NOW) == ()


BROKEN: list[tuple[str, Draft, str, Draft]] = [
    (
        "unknown-customer",
        draft(replace(PORT, target=Selection(customers=("cust9",)))),
        "no customer 'cust9'; did you mean cust3?",
        draft(PORT),
    ),
    (
        "unknown-customer",
        draft(replace(ADDRESS, exceptions=Selection(customers=("nobody",)))),
        "no customer 'nobody'",
        draft(replace(ADDRESS, exceptions=CUST1)),
    ),
    ("unknown-customer", draft(replace(SUSPEND, customer="x")), "'x'", draft(SUSPEND)),
    ("unknown-customer", draft(replace(FEED, customer="x")), "'x'", draft(FEED)),
    (
        "unknown-service-set",
        draft(replace(FEED, news_servers="nwes")),
        "no service set 'nwes'; did you mean news?",
        draft(FEED),
    ),
    (
        "unknown-service-set",
        draft(replace(FLOW, source=Selection(service_sets=("x",)))),
        "'x'",
        draft(FLOW),
    ),
    ("unknown-list", draft(BlockList("botnet")), "did you mean botnets?", draft(LIST)),
    ("unknown-device", draft(ADDRESS, "edge9"), "did you mean edge1?", draft(ADDRESS, "edge1")),
    (
        "unknown-device",
        replace(draft(ADDRESS), scope=Scope(roles=("bordr",))),
        "no device with the role 'bordr'; did you mean border?",
        replace(draft(ADDRESS), scope=Scope(roles=("border",))),
    ),
    (
        "unknown-device",
        replace(draft(ADDRESS), scope=Scope(sites=("nort",))),
        "no device at the site 'nort'; did you mean north?",
        replace(draft(ADDRESS), scope=Scope(sites=("north",))),
    ),
    ("empty-target", draft(replace(PORT, target=Selection())), "no addresses", draft(PORT)),
    ("empty-target", draft(replace(FLOW, source=Selection())), "no addresses", draft(FLOW)),
    ("empty-target", draft(replace(FLOW, destination=Selection())), "other end", draft(FLOW)),
    ("default-route", block("0.0.0.0/0"), "whole Internet", block("198.18.0.0/24")),
    ("default-route", block("::/0"), "whole Internet", block("2001:db8:ffff::/48")),
    ("special-purpose", block("127.0.0.1/32"), "loopback", block("128.0.0.1/32")),
    ("special-purpose", block("224.0.0.5/32"), "multicast", block("223.255.255.0/24")),
    ("special-purpose", wide("169.254.0.0/16"), "link-local", wide("169.253.0.0/16")),
    ("special-purpose", wide("169.0.0.0/8"), "link-local", wide("168.0.0.0/8")),
    ("special-purpose", block("0.0.0.0/32"), "unspecified", block("1.0.0.0/32")),
    ("special-purpose", block("fe80::1/128"), "link-local", block("fec0::1/128")),
    ("special-purpose", block("::1"), "loopback", block("::3")),
    ("special-purpose", block("255.255.255.255"), "broadcast", block("255.255.255.254")),
    ("special-purpose", block("169.254.9.9"), "link-local", block("169.253.9.9")),
    ("special-purpose", block("ff02::1/128"), "multicast", block("fd00::1/128")),
    ("special-purpose", block("::/127"), "unspecified", block("::2/128")),
    ("special-purpose", block("::ffff:192.0.2.1/128"), "IPv4-mapped", block("192.0.2.1/32")),
    ("protected", block("203.0.113.1/32"), "our own servers", block("203.0.113.128/32")),
    ("protected", wide("203.0.113.0/26"), "leave that out", wide("203.0.113.128/26")),
    ("protected", block("203.0.113.0/24"), "--confirm-wide", wide("203.0.113.0/24")),
    ("protected", block("203.0.113.0/24"), "203.0.113.0/25 (our own", block("203.0.112.0/24")),
    (
        "protected",
        draft(replace(FLOW, source=ESSENTIALS, destination=CUST1)),
        "nothing would be left",
        draft(replace(FLOW, source=NEWS, destination=CUST1)),
    ),
    (
        "family-mismatch",
        draft(CutFeed("cust2", "news6")),
        "IPv4 addresses only, the other IPv6 only",
        draft(CutFeed("cust1", "news6")),
    ),
    (
        "family-mismatch",
        draft(
            replace(
                FLOW,
                source=Selection((ip_network("198.18.0.1/32"),)),
                destination=Selection(service_sets=("news6",)),
            )
        ),
        "no packet runs",
        draft(replace(FLOW, source=Selection((ip_network("198.18.0.1/32"),)))),
    ),
    (
        "family-mismatch",
        draft(BlockPort(Selection(customers=("cust2",)), (58,), ())),
        "never carry",
        draft(BlockPort(CUST1, (58,), ())),
    ),
    ("bad-protocol", draft(replace(PORT, protocols=(6, 256))), "256", draft(PORT)),
    ("bad-port-range", draft(replace(PORT, ports=(PortRange(30, 25),))), "30-25", draft(PORT)),
    ("bad-port-range", draft(replace(FLOW, ports=(PortRange(1, 65536),))), "65536", draft(FLOW)),
    ("bad-port-range", draft(replace(PORT, ports=(PortRange(-1, 5),))), "-1", draft(PORT)),
    (
        "protocol-without-ports-given-ports",
        draft(replace(FLOW, protocols=(1, 6, 47))),
        "icmp, gre has no ports",
        draft(replace(FLOW, protocols=(1, 6, 47), ports=())),
    ),
    (
        "flow-needs-protocol-for-ports",
        draft(replace(FLOW, protocols=())),
        "name it",
        draft(replace(FLOW, protocols=(), ports=())),
    ),
    ("protocol-missing", draft(replace(PORT, protocols=())), "name the protocols", draft(PORT)),
    (
        "ports-missing",
        draft(replace(PORT, protocols=(1, 6), ports=())),
        "0-65535",
        draft(replace(PORT, protocols=(1,), ports=())),
    ),
    (
        "suspension-needs-exceptions",
        draft(replace(SUSPEND, exceptions=Selection())),
        "emergency calls",
        draft(SUSPEND),
    ),
    (
        "end-missing",
        replace(draft(ADDRESS), end=None),
        "ask for an open end",
        replace(draft(ADDRESS), end=None, open_ended=True),
    ),
    (
        "end-and-open-ended",
        replace(draft(ADDRESS), open_ended=True),
        "choose one",
        draft(ADDRESS),
    ),
    (
        "end-in-past",
        replace(draft(ADDRESS), start=NOW - HOUR, end=NOW),
        "2026-11-21T17:00:00Z is over",
        replace(draft(ADDRESS), start=NOW - HOUR, end=NOW + timedelta(milliseconds=1)),
    ),
    (
        "end-too-far",
        replace(draft(ADDRESS), end=datetime(9999, 12, 31, tzinfo=UTC)),
        "--open-ended",
        replace(draft(ADDRESS), end=NOW + LONGEST),
    ),
    (
        "end-before-start",
        replace(draft(ADDRESS), start=NOW + 2 * HOUR),
        "before it starts",
        replace(draft(ADDRESS), start=NOW + HOUR / 2),
    ),
    ("vrf-unsupported", draft(replace(ADDRESS, vrf="red")), "VRF 'red'", draft(ADDRESS)),
    (
        "no-attachment",
        draft(replace(BY_INTERFACE, customer="loose")),
        "in the inventory: add it, or suspend by prefixes",
        draft(replace(SUSPEND, customer="loose")),
    ),
    (
        "no-attachment",
        draft(BY_INTERFACE, "core1"),
        "no attachment in the scope",
        draft(BY_INTERFACE, "edge1"),
    ),
    (
        "shared-interface",
        draft(replace(BY_INTERFACE, customer="cust2")),
        "cust3 is attached to edge1 eth2 too",
        draft(replace(SUSPEND, customer="cust2")),
    ),
    (
        "shutdown-spares-nothing",
        draft(replace(SHUT, exceptions=ESSENTIALS)),
        "leave the exceptions out",
        draft(SHUT),
    ),
    (
        "carries-management",
        draft(replace(SHUT, customer="far")),
        "spare is reached through ge1, and would be lost: suspend far by prefixes",
        draft(replace(SUSPEND, customer="far")),
    ),
    (
        "no-device-in-scope",
        replace(draft(ADDRESS), scope=Scope(roles=("border",), sites=("north",))),
        "widen it",
        replace(draft(ADDRESS), scope=Scope(roles=("border",), sites=("south",))),
    ),
    (
        "no-device-in-scope",
        replace(draft(LIST), scope=Scope(roles=("border",), sites=("north",))),
        "widen it",
        replace(draft(LIST), scope=Scope(roles=("edge",), sites=("north",))),
    ),
    (
        "unsupported-on-device",
        draft(BlockAddress(ip_network("203.0.113.99/32")), "spare"),
        "spare translates this address",
        draft(BlockAddress(ip_network("203.0.113.199/32")), "spare"),
    ),
]
ELSEWHERE = {
    *("too-wide", "collateral", "dynamic-pool", "too-long-for-source"),
    *("source-stopped", "frozen", "paused", "too-many-active", "too-fast"),
    *("over-capacity", "owner-changed", "key-reused", "routes-unread"),
}
"""Broken in the other files of this name, and where orders are placed."""
UNPROTECTED = replace(TOPOLOGY, protected=())


@pytest.mark.parametrize("code, broken, part, mended", BROKEN)
def test_a_broken_draft_is_refused_and_a_mended_one_passes(
    code: str, broken: Draft, part: str, mended: Draft
) -> None:
    topology = UNPROTECTED if code == "unsupported-on-device" else TOPOLOGY
    (refusal,) = check(broken, topology, KNOWN, NOW, CAPABILITIES)
    assert refusal.code == code
    assert part in refusal.message
    assert check(mended, topology, KNOWN, NOW, CAPABILITIES) == ()


def test_without_borders_a_third_party_has_no_place() -> None:
    edges = {"edge1": TOPOLOGY.devices["edge1"]}
    topology = replace(TOPOLOGY, devices=edges, customers={})
    for demand in (ADDRESS, LIST):
        (refusal,) = check(draft(demand), topology, KNOWN, NOW)
        assert refusal.code == "no-device-in-scope"
        assert "role border" in refusal.message


def test_documentation_space_is_special_outside_of_labs() -> None:
    topology = replace(UNPROTECTED, documentation_space=False)
    for prefix in ("192.0.2.1/32", "198.51.100.0/22", "203.0.113.1/32", "2001:db8::/33", "3fff::7"):
        found = check(confirmed(prefix), topology, KNOWN, NOW)
        assert codes(found) == ["special-purpose"]
    assert check(block("192.0.3.0/24"), topology, KNOWN, NOW) == ()


@pytest.mark.parametrize(
    "lacking, demand, message",
    [
        ({"keys": frozenset({(4, Key.SOURCE)})}, ADDRESS, "by destination"),
        ({"keys": frozenset({(4, Key.SOURCE), (4, Key.DESTINATION)})}, LIST, "IPv6"),
        ({"services": False}, PORT, "protocols and ports"),
        ({"peers": False}, FLOW, "both ends"),
        ({"exempt": False}, SUSPEND, "except"),
        ({"keys": EVERYTHING.keys - {(6, Key.INPUT_INTERFACE)}}, BY_INTERFACE, "input-interface"),
        ({"keys": EVERYTHING.keys - {(0, Key.INTERFACE)}}, SHUT, "cannot shut an interface down"),
    ],
)
def test_a_device_that_cannot_is_said_so(
    lacking: dict[str, object], demand: Demand, message: str
) -> None:
    unable = Capability(**{"keys": EVERYTHING.keys, **lacking})  # type: ignore[arg-type]  # table
    everyone = dict.fromkeys(TOPOLOGY.devices, unable)
    refusals = check(draft(demand), TOPOLOGY, KNOWN, NOW, everyone)
    assert set(codes(refusals)) == {"unsupported-on-device"}
    assert any(message in refusal.message for refusal in refusals)
    elsewhere = {"spare": unable, "edge1": EVERYTHING, "core1": EVERYTHING}
    assert check(draft(demand), TOPOLOGY, KNOWN, NOW, elsewhere) == ()


def test_another_vrf_passes_where_every_device_declares_it() -> None:
    red = draft(replace(ADDRESS, vrf="red"))
    declared = replace(EVERYTHING, vrfs=frozenset({"default", "red"}))
    assert check(red, TOPOLOGY, KNOWN, NOW, {"core1": declared}) == ()
    (refusal,) = check(red, TOPOLOGY, KNOWN, NOW, {"edge1": declared, "core1": EVERYTHING})
    assert refusal.code == "vrf-unsupported"


def test_everything_is_said_at_once() -> None:
    demand = BlockPort(Selection((ip_network("203.0.113.1/32"),)), (47,), SMTP)
    refusals = check(replace(draft(demand), end=NOW), TOPOLOGY, KNOWN, NOW)
    assert codes(refusals) == [
        "protected",
        "protocol-without-ports-given-ports",
        "end-in-past",
        "end-before-start",
    ]


def test_every_code_is_documented_and_broken_here() -> None:
    table = (guardrails.__doc__ or "").split("=" * 58)[2].splitlines()
    documented = {line.split()[0] for line in table if line[:1].isalpha()}
    about_bgp = {code for code, *_ in BROKEN_BGP} | {"source-blackhole-needs-urpf"}
    assert documented == {code for code, *_ in BROKEN} | ELSEWHERE | about_bgp


def test_a_block_of_what_a_device_cannot_block_is_refused_by_name() -> None:
    space = Barred(Ranges.of([(0xFE8 << 116, (0xFEC << 116) - 1)]), "cannot block these")
    able = replace(CAPABILITIES["spare"], barred={6: space})
    for prefix, expected in (("fe80::7/128", "spare cannot block these"), ("2001:db8::7/128", "")):
        found = check(
            draft(BlockAddress(ip_network(prefix)), "spare"),
            UNPROTECTED,
            KNOWN,
            NOW,
            {"spare": able},
        )
        messages = [r.message for r in found if r.code == "unsupported-on-device"]
        assert bool(messages) is bool(expected)
        assert all(expected in message for message in messages)
