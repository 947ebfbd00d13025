# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: counters of filters, discard routes, loose uRPF, adjacencies."""

from ipaddress import ip_address

import pytest

from lab.emulators.juniper_junos import JunosOptions, Router
from lab.emulators.packets import ICMP, ICMPV6, TCP, Packet

PORT = "ge-0/0/0"
UNIT = f"set interfaces {PORT} unit 0"
BARE = f"""\
{UNIT} family inet address 192.0.2.1/24
{UNIT} family inet6 address 2001:db8::1/64
"""
BASE = """\
set firewall family inet filter BASE term ssh from protocol tcp
set firewall family inet filter BASE term ssh from destination-port ssh
set firewall family inet filter BASE term ssh then count ssh
set firewall family inet filter BASE term ssh then discard
set firewall family inet filter BASE term rest then accept
"""
OURS = """\
set policy-options prefix-list ENF-A 203.0.113.0/28
set firewall family inet filter ENF-IN term a from source-prefix-list ENF-A
set firewall family inet filter ENF-IN term a then count a
set firewall family inet filter ENF-IN term a then discard
"""


def router_with(text: str, **options: object) -> Router:
    router = Router(options=JunosOptions(**options))  # type: ignore[arg-type]  # a test's own
    router.load(BARE + text)
    return router


def packet(
    source: str = "203.0.113.1",
    destination: str = "198.51.100.1",
    protocol: int = TCP,
    ports: tuple[int | None, int | None] = (40000, 443),
    **more: bool | int,
) -> Packet:
    sport, dport = (None, None) if more.get("fragment") or protocol in (ICMP, ICMPV6) else ports
    fragment, established = bool(more.get("fragment")), bool(more.get("established"))
    kind = more.get("icmp_type")
    return Packet(
        ip_address(source),
        ip_address(destination),
        protocol,
        sport,
        dport,
        fragment=fragment,
        icmp_type=None if kind is None else int(kind),
        established=established,
    )


SSH = packet("198.18.0.1", ports=(40000, 22))
WEB = packet("198.18.0.1", ports=(40000, 443))
BAD_SSH, BAD_WEB = packet(ports=(40000, 22)), packet(ports=(40000, 443))


def passes(router: Router, one: Packet, where: str = PORT) -> bool:
    return router.would_pass(one, where, "in")


def term(conditions: list[str], family: str = "inet") -> Router:
    """A router whose input filter discards what `conditions` match and accepts the rest."""
    start = f"set firewall family {family} filter F term"
    lines = [f"{start} t from {condition}" for condition in conditions]
    lines += [f"{start} t then discard", f"{start} rest then accept"]
    return router_with("\n".join([*lines, f"{UNIT} family {family} filter input F"]))


# ---------------------------------------------------------------- counters


def counted(router: Router, command: str = "show firewall") -> dict[str, int]:
    """Packets by counter, as the router prints them."""
    rows = [line.split() for line in router.other_operator().line(command).text.splitlines()]
    return {row[0]: int(row[2]) for row in rows if len(row) == 3 and row[2].isdigit()}


def test_asking_counts_nothing_and_hitting_counts() -> None:
    router = router_with(f"{BASE}{UNIT} family inet filter input BASE")
    passes(router, SSH)
    assert counted(router) == {"ssh": 0}
    assert not router.hit(SSH, PORT, "in", 3)
    assert router.hit(WEB, PORT, "in")
    assert counted(router) == {"ssh": 3}
    assert counted(router, "show firewall filter BASE counter ssh") == {"ssh": 3}


def test_counters_of_a_list_carry_the_interface_and_the_direction() -> None:
    """Manual: a list is one renamed filter, and its counters are renamed too."""
    router = router_with(f"{OURS}{BASE}{UNIT} family inet filter input-list [ ENF-IN BASE ]")
    router.hit(BAD_WEB, PORT, "in", 2)
    router.hit(SSH, PORT, "in")
    name = f"{PORT}.0-i"
    expected = {f"a-{name}": 2, f"ssh-{name}": 1}
    assert counted(router, f"show firewall filter {name}") == expected
    assert counted(router) == expected
    assert "not found" in router.other_operator().line("show firewall filter ENF-IN").text


def test_counters_of_an_interface_specific_filter() -> None:
    router = router_with(
        f"{BASE}set firewall family inet filter BASE interface-specific\n"
        f"{UNIT} family inet filter output BASE"
    )
    router.hit(SSH, PORT, "out")
    name = f"{PORT}.0-o"
    assert counted(router, f"show firewall filter BASE-{name}") == {f"ssh-{name}": 1}


def test_counters_survive_unrelated_commits_and_not_a_reboot() -> None:
    router = router_with(f"{BASE}{UNIT} family inet filter input BASE")
    router.hit(SSH, PORT, "in", 3)
    router.by_hand(OURS.splitlines())
    router.by_hand("set system host-name elsewhere")
    assert counted(router)["ssh"] == 3
    router.reboot()
    assert counted(router)["ssh"] == 0


@pytest.mark.parametrize(
    "when, by_members, by_text", [("never", 3, 3), ("filter", 3, 0), ("members", 0, 0)]
)
def test_when_a_commit_zeroes_counters(when: str, by_members: int, by_text: int) -> None:
    """GUESS, so every way is to be had."""
    router = router_with(f"{OURS}{UNIT} family inet filter input ENF-IN", counters_reset=when)
    router.hit(BAD_WEB, PORT, "in", 3)
    router.by_hand("set policy-options prefix-list ENF-A 203.0.113.64/32")
    assert counted(router)["a"] == by_members
    router.by_hand("set firewall family inet filter ENF-IN term z then discard")
    assert counted(router)["a"] == by_text


def test_clearing_counters() -> None:
    router = router_with(f"{BASE}{UNIT} family inet filter input BASE")
    router.hit(SSH, PORT, "in", 3)
    router.other_operator().line("clear firewall filter BASE")
    assert counted(router) == {"ssh": 0}


# ---------------------------------------------------------------- routes


def test_a_discard_route_takes_what_goes_there() -> None:
    router = router_with("set routing-options static route 198.51.100.1/32 discard")
    assert not passes(router, packet())
    assert passes(router, packet(destination="198.51.100.2"))
    assert router.would_pass(packet(), PORT, "out")
    router.by_hand("deactivate routing-options static route 198.51.100.1/32")
    assert passes(router, packet())


def test_the_longest_route_decides() -> None:
    router = router_with("set routing-options static route 198.51.100.0/24 discard")
    router.by_hand("set routing-options static route 198.51.100.1/32 next-hop 192.0.2.9")
    assert passes(router, packet())
    assert not passes(router, packet(destination="198.51.100.2"))


def test_an_ipv6_discard_route_lives_in_inet6_0() -> None:
    router = router_with(
        "set routing-options rib inet6.0 static route 2001:db8:2::1/128 discard\n"
        "set routing-options rib inet6.0 static route 2001:db8:2::1/128 tag 666"
    )
    assert not passes(router, packet("2001:db8:1::1", "2001:db8:2::1"))
    assert passes(router, packet("2001:db8:1::1", "2001:db8:2::2"))


LOOSE = f"""\
{UNIT} family inet rpf-check mode loose
set routing-options static route 203.0.113.1/32 discard
"""


def test_loose_urpf_drops_discarded_sources_with_the_knob() -> None:
    """GUESS: the knob's name; [feature 3671] that there is one."""
    router = router_with(LOOSE)
    assert passes(router, packet())
    router.by_hand("set forwarding-options rpf-loose-mode-discard family inet")
    assert not passes(router, packet())
    assert passes(router, packet("203.0.113.2"))
    router.by_hand(f"{UNIT.replace('set', 'delete')} family inet rpf-check")
    assert passes(router, packet())


def test_a_platform_without_the_knob() -> None:
    """GUESS."""
    assert not passes(router_with(LOOSE, rpf_discard_knob=False), packet())


# ---------------------------------------------------------------- adjacencies


def test_an_adjacency_dies_when_a_filter_cuts_it_and_returns_after_the_rollback() -> None:
    router = router_with(f"{OURS}set policy-options prefix-list ENF-A 192.0.2.9/32")
    router.neighbors.add("192.0.2.9", 64500)
    bgp = packet("192.0.2.9", "192.0.2.1", ports=(40000, 179))
    router.neighbors.goes_down_while("192.0.2.9", lambda: not passes(router, bgp), 90)
    shell = router.other_operator()
    shell.line("configure exclusive")
    shell.line(f"{UNIT} family inet filter input ENF-IN")
    shell.line("commit confirmed 2")
    router.clock.advance(91)
    assert "Down peers: 1" in shell.line("run show bgp summary").text
    router.clock.advance(40)
    assert "Down peers: 0" in shell.line("run show bgp summary").text
