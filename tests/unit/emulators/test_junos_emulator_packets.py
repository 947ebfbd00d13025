# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: what its interfaces and filters do to packets."""

from ipaddress import ip_address

import pytest

from lab.emulators.juniper_junos import JunosOptions, Router
from lab.emulators.packets import ICMP, ICMPV6, TCP, UDP, Packet

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


# ---------------------------------------------------------------- interfaces


def test_without_a_filter_everything_passes() -> None:
    router = router_with("")
    assert passes(router, WEB)
    assert router.would_pass(WEB, PORT, "out")


@pytest.mark.parametrize("line", [f"set interfaces {PORT} disable", f"{UNIT} disable"])
def test_a_disabled_interface_passes_nothing(line: str) -> None:
    router = router_with(line)
    assert not passes(router, WEB)
    router.by_hand(line.replace("set", "deactivate", 1))
    assert passes(router, WEB)


def test_an_interface_that_is_not_there_or_deactivated_passes_nothing() -> None:
    router = router_with("")
    assert not passes(router, WEB, "ge-0/0/9.0")
    assert passes(router, WEB, f"{PORT}.0")
    router.by_hand(f"deactivate interfaces {PORT}")
    assert not passes(router, WEB)


def test_only_committed_configuration_counts() -> None:
    router = router_with(BASE)
    shell = router.other_operator()
    shell.line("configure")
    shell.line(f"{UNIT} family inet filter input BASE")
    assert passes(router, SSH)
    shell.line("commit")
    assert not passes(router, SSH)


# ---------------------------------------------------------------- one filter


def test_a_filter_ends_in_an_implicit_discard() -> None:
    router = router_with(f"{OURS}{UNIT} family inet filter input ENF-IN")
    assert not passes(router, BAD_WEB)
    assert not passes(router, WEB)


def test_a_term_without_a_terminating_action_accepts() -> None:
    counting = "set firewall family inet filter F term c then count c"
    router = router_with(f"{counting}\n{UNIT} family inet filter input F")
    assert passes(router, WEB)
    router.by_hand(
        [
            "set firewall family inet filter F term c then next term",
            "set firewall family inet filter F term d then discard",
        ]
    )
    assert not passes(router, WEB)


def test_a_reject_drops_too() -> None:
    router = router_with(
        f"set firewall family inet filter F term r then reject\n{UNIT} family inet filter input F"
    )
    assert not passes(router, WEB)


def test_directions_are_separate() -> None:
    router = router_with(f"{BASE}{UNIT} family inet filter output BASE")
    assert passes(router, SSH)
    assert not router.would_pass(SSH, PORT, "out")


def test_families_are_separate() -> None:
    router = router_with(f"{BASE}{UNIT} family inet filter input BASE")
    assert passes(router, packet("2001:db8:1::1", "2001:db8:2::1", ports=(40000, 22)))


def test_deactivated_terms_filters_and_bindings_do_nothing() -> None:
    router = router_with(f"{BASE}{UNIT} family inet filter input BASE")
    assert not passes(router, SSH)
    for path in (
        "firewall family inet filter BASE term ssh",
        f"interfaces {PORT} unit 0 family inet filter",
    ):
        router.by_hand(f"deactivate {path}")
        assert passes(router, SSH)
        router.by_hand(f"activate {path}")
        assert not passes(router, SSH)


# ---------------------------------------------------------------- lists and chains


def test_a_list_falls_through_to_the_next_filter_only_without_a_match() -> None:
    router = router_with(f"{OURS}{BASE}{UNIT} family inet filter input-list [ ENF-IN BASE ]")
    assert not passes(router, BAD_WEB)
    assert not passes(router, SSH)
    assert passes(router, WEB)


def test_an_accepting_term_in_front_bypasses_the_operators_filter() -> None:
    accepting = "set firewall family inet filter ENF-IN term last then accept\n"
    router = router_with(
        f"{OURS}{accepting}{BASE}{UNIT} family inet filter input-list [ ENF-IN BASE ]"
    )
    assert passes(router, SSH)


def test_next_term_at_the_end_of_a_filter_goes_on_to_the_next_one() -> None:
    following = "set firewall family inet filter ENF-IN term last then next term\n"
    router = router_with(
        f"{OURS}{following}{BASE}{UNIT} family inet filter input-list [ ENF-IN BASE ]"
    )
    assert not passes(router, SSH)
    assert passes(router, WEB)


def test_a_list_as_a_whole_ends_in_a_discard() -> None:
    other = "set firewall family inet filter LAST term s from protocol udp\n"
    router = router_with(
        f"{OURS}{other}set firewall family inet filter LAST term s then accept\n"
        f"{UNIT} family inet filter input-list [ ENF-IN LAST ]"
    )
    assert not passes(router, WEB)
    assert passes(router, packet("198.18.0.1", protocol=UDP))


def test_every_filter_of_a_chain_must_accept() -> None:
    """GUESS: evaluation of `input-chain`."""
    accepting = "set firewall family inet filter ENF-IN term last then accept\n"
    chain = f"{UNIT} family inet filter input-chain [ ENF-IN BASE ]"
    router = router_with(f"{OURS}{accepting}{BASE}{chain}")
    assert not passes(router, BAD_WEB)
    assert not passes(router, SSH)
    assert passes(router, WEB)
    router = router_with(f"{OURS}{BASE}{chain}")
    assert not passes(router, WEB)


def test_a_chain_beside_a_filter() -> None:
    """GUESS: both are evaluated."""
    accepting = "set firewall family inet filter ENF-IN term last then accept\n"
    router = router_with(
        f"{OURS}{accepting}{BASE}{UNIT} family inet filter input-chain ENF-IN\n"
        f"{UNIT} family inet filter input BASE"
    )
    assert [passes(router, one) for one in (BAD_WEB, SSH, WEB)] == [False, False, True]


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    "conditions, hit, miss",
    [
        (["source-address 203.0.113.0/28"], packet(), packet("203.0.113.16")),
        (["destination-address 198.51.100.0/24"], packet(), packet(destination="198.51.101.1")),
        (["address 198.51.100.1/32"], packet(), packet(destination="198.51.100.2")),
        (["protocol udp"], packet(protocol=UDP), packet()),
        (["protocol 47"], packet(protocol=47, ports=(None, None)), packet()),
        (["protocol [ tcp udp ]"], packet(), packet(protocol=ICMP)),
        (["protocol-except udp"], packet(), packet(protocol=UDP)),
        (["destination-port https"], packet(), packet(ports=(443, 40000))),
        (["source-port 40000"], packet(), packet(ports=(443, 40000))),
        (["port 443"], packet(ports=(443, 40000)), packet(ports=(80, 40000))),
        (["destination-port 6000-6100"], packet(ports=(1, 6100)), packet(ports=(1, 6101))),
        (["destination-port-except 443"], packet(ports=(1, 80)), packet()),
        (["destination-port 443"], packet(), packet(fragment=True)),
        (["destination-port-except 80"], packet(), packet(fragment=True)),
        (["is-fragment"], packet(fragment=True), packet()),
        (["fragment-offset 1-8191"], packet(fragment=True), packet()),
        (["fragment-offset 0"], packet(), packet(fragment=True)),
        (["fragment-offset-except 0"], packet(fragment=True), packet()),
        (["tcp-established"], packet(established=True), packet()),
        (["tcp-initial"], packet(), packet(established=True)),
        (["icmp-type echo-request"], packet(protocol=ICMP, icmp_type=8), packet()),
        (["icmp-type-except 8"], packet(protocol=ICMP, icmp_type=0), packet()),
        (["protocol tcp", "destination-port 443"], packet(), packet(protocol=UDP)),
    ],
)
def test_conditions(conditions: list[str], hit: Packet, miss: Packet) -> None:
    router = term(conditions)
    assert not passes(router, hit)
    assert passes(router, miss)


@pytest.mark.parametrize("name", ["next-header", "payload-protocol"])
def test_ipv6_conditions(name: str) -> None:
    router = term(["source-address 2001:db8:1::/48", f"{name} icmp6"], "inet6")
    ends = ("2001:db8:1::1", "2001:db8:2::1")
    assert not passes(router, packet(*ends, protocol=ICMPV6, icmp_type=128))
    assert passes(router, packet(*ends))
    assert passes(router, packet("2001:db8:9::1", ends[1], protocol=ICMPV6))


def test_exceptions_are_a_longest_match() -> None:
    router = term(["source-address 0.0.0.0/0", "source-address 203.0.113.0/24 except"])
    assert passes(router, packet("203.0.113.9"))
    assert not passes(router, packet("198.18.0.1"))
    router.by_hand("set firewall family inet filter F term t from source-address 203.0.113.9/32")
    assert not passes(router, packet("203.0.113.9"))


def test_exceptions_by_prefix_list() -> None:
    start = "set policy-options prefix-list"
    lists = f"{start} ALL 0.0.0.0/0\n{start} KEEP 203.0.113.0/24\n"
    start = "set firewall family inet filter F term"
    router = router_with(
        f"{lists}{start} t from source-prefix-list ALL\n"
        f"{start} t from source-prefix-list KEEP except\n{start} t then discard\n"
        f"{start} rest then accept\n{UNIT} family inet filter input F"
    )
    assert passes(router, packet("203.0.113.9"))
    assert not passes(router, packet("198.18.0.1"))


def test_a_list_of_exceptions_alone_matches_nothing() -> None:
    router = term(["source-address 203.0.113.0/24 except"])
    assert passes(router, packet("198.18.0.1"))


def test_members_of_the_other_family_are_ignored() -> None:
    """GUESS."""
    text = OURS.replace(
        "203.0.113.0/28", "203.0.113.0/28\nset policy-options prefix-list ENF-A 2001:db8::/32"
    )
    router = router_with(
        f"{text}set firewall family inet filter ENF-IN term last then accept\n"
        f"{UNIT} family inet filter input ENF-IN"
    )
    assert [passes(router, BAD_WEB), passes(router, WEB)] == [False, True]


@pytest.mark.parametrize("matches", [True, False])
def test_an_empty_prefix_list_matches_everything_or_nothing(matches: bool) -> None:
    """GUESS, so both are to be had: a driver must keep a member in every list."""
    router = router_with(
        f"{OURS}set firewall family inet filter ENF-IN term last then accept\n"
        f"{UNIT} family inet filter input ENF-IN",
        empty_list_matches=matches,
    )
    router.by_hand("delete policy-options prefix-list ENF-A 203.0.113.0/28")
    assert passes(router, WEB) is not matches
