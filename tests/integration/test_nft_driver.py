# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver against the kernel: what it writes, every drift it must see and repair."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from drivers.nftables.layout import interfaces_name
from drivers.nftables.names import BLOCKS, exempt_name, peers_name
from enforcer.core.rules import NO_END, Desired, Exempt, InterfaceMember, Key, Rule, Service
from tests.integration.nft_router import Router, desired, in_, members, routers

pytestmark = pytest.mark.root

SOURCE = Rule(4, Key.SOURCE)
RELAY = int(ip_address("192.0.2.25"))
EXEMPT = (
    Exempt(RELAY + 4, RELAY + 9),
    Exempt(RELAY, RELAY, 6, (25, 25)),
    Exempt(RELAY + 1, RELAY + 1, 6, (25, 25)),
)
SUSPENDED = Rule(4, Key.SOURCE, exempt=EXEMPT)
NEWS = Rule(
    6,
    Key.DESTINATION,
    Service(6, None, (119, 119)),
    ((int(ip_address("2001:db8:9::")), int(ip_address("2001:db8:9::ff"))),),
)
BY_INTERFACE = Rule(4, Key.INPUT_INTERFACE, exempt=EXEMPT)
H, R = f"h{SOURCE.digest}_a", f"r{SOURCE.digest}_a"
SH, X, P = f"h{SUSPENDED.digest}_a", exempt_name(SUSPENDED), peers_name(NEWS)
IFS = interfaces_name(BY_INTERFACE)
T = "inet enforcer"


@pytest.fixture
def wanted() -> Desired:
    return desired(
        {
            SOURCE: members(
                ("198.51.100.7", in_(2), 1),
                ("198.51.100.8", NO_END, 2),
                ("198.51.100.16/28", in_(3), 1),
                ("198.51.100.32/28", NO_END, 2),
            ),
            SUSPENDED: members(("203.0.113.9", NO_END, 3), ("203.0.113.64/26", in_(1), 3)),
            NEWS: members(("2001:db8:1::/48", NO_END, 4)),
            Rule(6, Key.SOURCE): members(("2001:db8:2::7", NO_END, 5)),
        },
        {BY_INTERFACE: (InterfaceMember("eth7", in_(1), 6), InterfaceMember("eth8", NO_END, 6))},
    )


@pytest.fixture
def router(root: None) -> Iterator[Router]:
    with routers(("forward", "input")) as made:
        yield made


def test_an_empty_device_gets_the_mark_and_the_common_sets(router: Router) -> None:
    drift = router.apply(desired({}))
    assert [f.what for f in drift.findings] == ["table inet enforcer"]
    assert 'comment "enforcer ctl-test epoch 3"' in router.listing()
    found = router.apply(desired({SOURCE: members(("198.51.100.7", in_(1), 1))}))
    assert not found.findings
    assert len(router.plans[-2].batches) == 1


def test_everything_stands_and_goes(router: Router, wanted: Desired) -> None:
    router.apply(desired({}))
    empty = router.listing()
    assert not router.apply(wanted).findings
    assert "203.0.113.64/26" in router.listing()
    assert not router.apply(desired({})).findings
    assert router.listing() == empty


FOREIGN = """
add table ip theirs
add chain ip theirs c { type filter hook forward priority 5; }
add rule ip theirs c ip saddr 10.0.0.1 counter accept
"""
DRIFTS: dict[str, tuple[str, str]] = {
    "element missing": (f"delete element {T} {H} {{ 198.51.100.7 }}", "1 missing"),
    "range missing": (f"delete element {T} {R} {{ 198.51.100.16/28 }}", "1 missing"),
    "element extra": (f"add element {T} {H} {{ 192.0.2.77 }}", "1 extra"),
    "range extra": (f'add element {T} {R} {{ 192.0.2.0/25 comment "0001-Y" }}', "1 extra"),
    "set flushed": (f"flush set {T} {R}", "2 missing"),
    "wrong end": (
        f"delete element {T} {H} {{ 198.51.100.7 }}\n"
        f'add element {T} {H} {{ 198.51.100.7 timeout 60s comment "0001-Y" }}',
        "1 altered",
    ),
    "end for an order without": (
        f"delete element {T} {R} {{ 198.51.100.32/28 }}\n"
        f'add element {T} {R} {{ 198.51.100.32/28 timeout 1h comment "0002-W" }}',
        "1 altered",
    ),
    "no end for an order with": (
        f"delete element {T} {R} {{ 198.51.100.16/28 }}\n"
        f'add element {T} {R} {{ 198.51.100.16/28 comment "0001-Y" }}',
        "1 altered",
    ),
    "wrong comment": (
        f"delete element {T} {H} {{ 198.51.100.8 }}\n"
        f'add element {T} {H} {{ 198.51.100.8 comment "mine now" }}',
        "1 altered",
    ),
    "another order's comment": (
        f"delete element {T} {R} {{ 198.51.100.32/28 }}\n"
        f'add element {T} {R} {{ 198.51.100.32/28 comment "0001-Y" }}',
        "1 altered",
    ),
    "range cut": (
        f"delete element {T} {R} {{ 198.51.100.32/28 }}\n"
        f'add element {T} {R} {{ 198.51.100.32/29 comment "0002-W" }}',
        "1 missing",
    ),
    "interface missing": (f'delete element {T} {IFS} {{ "eth7" }}', "1 missing"),
    "interface extra": (f'add element {T} {IFS} {{ "eth9" }}', "1 extra"),
    "every address": (f"add element {T} {H} {{ * }}", f"extra element * in set {H}"),
    "excepted address added": (
        f"add element {T} {X}_0 {{ 10.0.0.0/8 }}",
        f"altered elements of set {X}_0",
    ),
    "excepted address missing": (
        f"delete element {T} {X}_1 {{ 192.0.2.25 }}",
        f"altered elements of set {X}_1",
    ),
    "exceptions emptied": (f"flush set {T} {X}_0", f"altered elements of set {X}_0"),
    "peer added": (
        f"add element {T} {P} {{ 2001:db8:a::/48 }}",
        f"altered elements of set {P}",
    ),
    "a rule in the exceptions": (
        f"insert rule {T} {X} return",
        f"extra rule in chain {X}: handle",
    ),
    "a rule that accepts": (
        f"insert rule {T} {BLOCKS} ct state established accept",
        f"extra rule in chain {BLOCKS}: handle",
    ),
    "a rule with its own set": (
        f"add rule {T} {BLOCKS} ip saddr {{ 10.0.0.1, 10.0.0.2 }} accept",
        f"extra rule in chain {BLOCKS}: handle",
    ),
    "chain flushed": (f"flush chain {T} {BLOCKS}", f"missing rule in chain {BLOCKS}"),
    "base chain flushed": (f"flush chain {T} forward", "missing rule in chain forward: jump"),
    "table flushed": (f"flush table {T}", "missing rule in chain forward: jump"),
    "table deleted": (f"delete table {T}", "missing table inet enforcer"),
    "ruleset flushed": ("flush ruleset", "missing table inet enforcer"),
    "table dormant": (f"add table {T} {{ flags dormant; }}", "altered table inet enforcer"),
    "policy changed": (
        f"add chain {T} forward {{ type filter hook forward priority -150; policy drop; }}",
        "altered chain forward",
    ),
    "priority changed": (
        f"flush chain {T} forward\ndelete chain {T} forward\n"
        f"add chain {T} forward {{ type filter hook forward priority 10; policy accept; }}\n"
        f"add rule {T} forward jump {BLOCKS}",
        "altered chain forward",
    ),
    "hook changed": (
        f"flush chain {T} forward\ndelete chain {T} forward\n"
        f"add chain {T} forward {{ type filter hook output priority -150; policy accept; }}\n"
        f"add rule {T} forward jump {BLOCKS}",
        "altered chain forward",
    ),
    "base chain deleted": (
        f"flush chain {T} forward\ndelete chain {T} forward",
        "missing chain forward",
    ),
    "neighbour discovery dropped": (
        f"flush chain {T} input\nadd rule {T} input jump {BLOCKS}",
        "missing rule in chain input",
    ),
    "order in a chain": (
        f"flush chain {T} input\nadd rule {T} input jump {BLOCKS}\n"
        f"add rule {T} input icmpv6 type 133-136 return",
        "altered order of the rules in chain input",
    ),
    "a chain of somebody's": (
        f"add chain {T} evil {{ type filter hook forward priority -300; policy accept; }}\n"
        f"add rule {T} evil accept",
        "extra chain evil",
    ),
    "chains of somebody's that call each other": (
        f"add chain {T} one\nadd chain {T} two\nadd rule {T} one jump two\n"
        f"add rule {T} {BLOCKS} jump one",
        "extra chain one",
    ),
    "a set of somebody's": (
        f"add set {T} theirs {{ type ipv4_addr; elements = {{ 10.0.0.1 }}; }}\n"
        f"add rule {T} {BLOCKS} ip saddr @theirs accept",
        "extra set theirs",
    ),
    "a map of somebody's": (
        f"add chain {T} one\n"
        f"add map {T} theirs {{ type ipv4_addr : verdict; }}\n"
        f"add element {T} theirs {{ 10.0.0.1 : jump one }}\n"
        f"add rule {T} {BLOCKS} ip saddr vmap @theirs",
        "extra set theirs",
    ),
    "an object of somebody's": (
        f"add counter {T} theirs\nadd rule {T} {BLOCKS} counter name theirs",
        "extra object of type 1 theirs",
    ),
    "a name like ours": (
        f'add set {T} h0123456789ab_a {{ type ipv4_addr; flags timeout; counter; comment "source 4 '
        f'- - - 1@0"; elements = {{ 10.0.0.1 comment "0001-Y" }}; }}',
        "1 extra",
    ),
    "a stranger's set with a name like ours": (
        f"add set {T} h0123456789ab_a {{ type inet_service; elements = {{ 25 }}; }}",
        "extra set h0123456789ab_a",
    ),
    "set replaced by another kind": (
        f"flush chain {T} {BLOCKS}\ndelete set {T} {SH}\n"
        f"add set {T} {SH} {{ type ipv4_addr; flags interval; auto-merge; }}",
        f"set {SH}",
    ),
    "set deleted": (
        f"flush chain {T} {BLOCKS}\ndelete set {T} {SH}",
        f"missing set {SH}",
    ),
    "both sets of a rule deleted": (
        f"flush chain {T} {BLOCKS}\ndelete set {T} {SH}\ndelete set {T} r{SUSPENDED.digest}_a",
        "2 missing",
    ),
    "interface set replaced": (
        f"flush chain {T} {BLOCKS}\ndelete set {T} {IFS}\nadd set {T} {IFS} {{ type ifname; }}",
        f"set {IFS}",
    ),
    "exceptions' chain deleted": (
        f"flush chain {T} {BLOCKS}\nflush chain {T} {X}\ndelete chain {T} {X}",
        f"missing chain {X}",
    ),
    "mark deleted": (f"flush set {T} owner_mark", "missing mark of table inet enforcer"),
    "mark altered": (
        f"flush set {T} owner_mark\n"
        f'add element {T} owner_mark {{ 0x0 comment "enforcer ctl-test epoch 2" }}',
        "altered mark of table inet enforcer",
    ),
    "second mark": (
        f'add element {T} owner_mark {{ 0x1 comment "enforcer other epoch 9" }}',
        "missing mark of table inet enforcer",
    ),
}


@pytest.mark.parametrize("kind", DRIFTS)
def test_drift_is_seen_and_repaired(router: Router, wanted: Desired, kind: str) -> None:
    commands, expected = DRIFTS[kind]
    router.nft(
        "add table ip theirs\nadd chain ip theirs c { type filter hook forward priority 5; }"
    )
    router.nft("add rule ip theirs c ip saddr 10.0.0.1 counter accept")
    router.apply(wanted)
    before, foreign = router.listing(), router.listing("table ip theirs")
    router.nft(commands)
    if kind == "ruleset flushed":
        foreign = ""
    found = router.apply(wanted)
    tally = found.tally
    told = [f"{f.kind} {f.what}" for f in found.findings]
    told += [f"{tally.missing} missing", f"{tally.extra} extra", f"{tally.altered} altered"]
    assert any(expected in text for text in told), told
    if foreign:
        assert router.listing("table ip theirs") == foreign
        assert same_but_letters(router.listing(), before)


def same_but_letters(listing: str, before: str) -> bool:
    """Equality of two listings, the order of objects and a new layout's letter aside."""

    def shape(text: str) -> list[str]:
        return sorted(line.replace("_b ", "_a ").strip() for line in text.splitlines())

    return shape(listing) == shape(before)
