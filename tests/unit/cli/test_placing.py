# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command that places an order: what it asks of the application."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import pytest

from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Direction,
    PolicyClause,
    PortRange,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.errors import OrderRefused
from tests.unit.cli.shell import Shell

GROUNDS = ("--reason", "spam run", "--for", "2h")
HOST = IPv4Network("192.0.2.7/32")


def test_block_address_of_a_host_both_ways(shell: Shell) -> None:
    command = shell.placed("block-address", "192.0.2.7", *GROUNDS)
    assert command.demand == BlockAddress(HOST, Direction.BOTH)
    assert command.reason == "spam run"
    assert command.duration == timedelta(hours=2)
    assert (command.end, command.open_ended, command.start, command.start_after) == (
        None,
        False,
        None,
        None,
    )


def test_block_address_in_one_direction_of_an_ipv6_prefix(shell: Shell) -> None:
    command = shell.placed("block-address", "2001:db8::/32", "-d", "from", *GROUNDS)
    assert command.demand == BlockAddress(IPv6Network("2001:db8::/32"), Direction.FROM)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("acme", "suspend-customer"),
        ("customer:acme", "suspend-customer"),
        ("www.example.com", "is a name"),
    ],
)
def test_block_address_refuses_what_is_no_prefix(shell: Shell, typed: str, says: str) -> None:
    result = shell.run("order", "block-address", typed, *GROUNDS)
    assert result.exit_code == 2
    assert says in result.stderr
    assert "place" not in shell.names()


def test_block_port_of_a_customer_except_the_relay(shell: Shell) -> None:
    command = shell.placed("block-port", "acme", "--port", "25", "--except", "relay", *GROUNDS)
    assert command.demand == BlockPort(
        Selection(customers=("acme",)),
        (6,),
        (PortRange(25, 25),),
        Direction.FROM,
        exceptions=Selection(service_sets=("relay",)),
    )


def test_block_port_of_prefixes_with_ranges_and_protocols(shell: Shell) -> None:
    command = shell.placed(
        "block-port", "192.0.2.0/25", "2001:db8:a::/48", "customer:beta", "-p", "465-587,25",
        "-p", "26", "--protocol", "udp", "--protocol", "tcp", "-d", "to", *GROUNDS,
    )  # fmt: skip
    assert command.demand.target == Selection(
        (ip_network("192.0.2.0/25"), ip_network("2001:db8:a::/48")), ("beta",)
    )
    assert command.demand.protocols == (6, 17)
    assert command.demand.ports == (PortRange(25, 26), PortRange(465, 587))
    assert command.demand.direction is Direction.TO


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--protocol", "icmp", "--port", "25"), "icmp has no ports"),
        (("--port", "70000"), "65535"),
        (("--port", "25", "--protocol", "tpc"), "did you mean tcp"),
    ],
)
def test_ports_and_protocols_that_do_not_fit(
    shell: Shell, options: tuple[str, ...], says: str
) -> None:
    result = shell.run("order", "block-port", "acme", *options, *GROUNDS)
    assert result.exit_code == 2
    assert says in result.stderr


def test_block_flow_looks_bare_names_up(shell: Shell) -> None:
    command = shell.placed(
        "block-flow", "--from", "acme", "--to", "news", "--to", "198.51.100.0/24",
        "--protocol", "udp,tcp", "--port", "53", *GROUNDS,
    )  # fmt: skip
    assert command.demand == BlockFlow(
        Selection(customers=("acme",)),
        Selection((ip_network("198.51.100.0/24"),), service_sets=("news",)),
        (6, 17),
        (PortRange(53, 53),),
    )


def test_block_flow_of_everything_between_two(shell: Shell) -> None:
    command = shell.placed(
        "block-flow", "--from", "service:both", "--to", "customer:both", *GROUNDS
    )
    assert command.demand.source == Selection(service_sets=("both",))
    assert command.demand.destination == Selection(customers=("both",))
    assert (command.demand.protocols, command.demand.ports) == ((), ())


def test_a_name_that_means_two_things_is_refused(shell: Shell) -> None:
    result = shell.run("order", "block-flow", "--from", "both", "--to", "acme", *GROUNDS)
    assert result.exit_code == 2
    assert "customer:both" in result.stderr
    assert "service:both" in result.stderr


def test_a_name_that_means_nothing_is_not_found(shell: Shell) -> None:
    result = shell.run("order", "block-flow", "--from", "nobody", "--to", "acme", *GROUNDS)
    assert result.exit_code == 3
    assert "nobody" in result.stderr


def test_a_flow_needs_a_protocol_for_its_ports(shell: Shell) -> None:
    result = shell.run(
        "order", "block-flow", "--from", "acme", "--to", "news", "--port", "53", *GROUNDS
    )
    assert result.exit_code == 2
    assert "--protocol" in result.stderr


def test_block_list(shell: Shell) -> None:
    command = shell.placed("block-list", "botnets", "-d", "to", *GROUNDS)
    assert command.demand == BlockList("botnets", Direction.TO)


def test_block_list_imports_its_file_first(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "botnets.txt"
    file.write_text("192.0.2.1\n203.0.113.0/24\nrubbish\n")
    result = shell.run("order", "block-list", "botnets", "--file", str(file), *GROUNDS)
    assert result.exit_code == 0
    assert shell.names() == ["import_list", "place"]
    assert "list botnets version 1: 2 entries, 1 line rejected" in result.stderr


@pytest.mark.parametrize("wrong", [("--dry-run", "--for", "2h"), ()])
def test_what_cannot_be_placed_imports_nothing(
    shell: Shell, tmp_path: Path, wrong: tuple[str, ...]
) -> None:
    file = tmp_path / "botnets.txt"
    file.write_text("192.0.2.1\n")
    result = shell.run("order", "block-list", "botnets", "-f", str(file), "-r", "x", *wrong)
    assert result.exit_code == 2
    assert shell.names() == []


def test_suspend_customer_keeps_service_sets_alive(shell: Shell) -> None:
    command = shell.placed(
        "suspend-customer", "acme", "--except", "garden", "--except", "service:voice",
        "--except", "198.51.100.53", "--by", "interface", *GROUNDS,
    )  # fmt: skip
    assert command.demand == SuspendCustomer(
        "acme",
        Selection((IPv4Network("198.51.100.53/32"),), service_sets=("garden", "voice")),
        "interface",
    )


def test_suspend_customer_by_shutdown_keeps_nothing_alive(shell: Shell) -> None:
    command = shell.placed("suspend-customer", "acme", "--by", "shutdown", *GROUNDS)
    assert command.demand == SuspendCustomer("acme", Selection(), "shutdown")


def test_cut_feed(shell: Shell) -> None:
    assert shell.placed("cut-feed", "newsco", *GROUNDS).demand == CutFeed("newsco")
    other = shell.placed("cut-feed", "newsco", "--news", "feeders", *GROUNDS).demand
    assert other == CutFeed("newsco", "feeders")


def test_everything_that_is_written_about_an_order(shell: Shell) -> None:
    command = shell.placed(
        "block-address", "192.0.2.7", "--reason", "spam", "--ticket", "T-1", "--policy",
        "aup/2026-01/4.2/b", "--until", "2026-12-01T09:00+01:00", "--start", "+2h", "--device",
        "edge1", "--device", "edge2", "--role", "border", "--site", "south", "--key", "k-1",
    )  # fmt: skip
    assert (command.reason, command.ticket, command.idempotency_key) == ("spam", "T-1", "k-1")
    assert command.policy == PolicyClause("aup", "2026-01", "4.2/b")
    assert command.end == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert command.start_after == timedelta(hours=2)
    assert command.scope == Scope(("edge1", "edge2"), ("border",), ("south",))


def test_a_start_at_an_instant_and_no_end(shell: Shell) -> None:
    command = shell.placed(
        "block-address", "192.0.2.7", "-r", "x", "--open-ended", "--start", "2026-11-22T00:00Z"
    )
    assert command.start == datetime(2026, 11, 22, tzinfo=UTC)
    assert command.open_ended
    assert command.duration is None


@pytest.mark.parametrize(
    "ends",
    [
        (),
        ("--for", "2h", "--open-ended"),
        ("--for", "2h", "--until", "2026-12-01T08:00Z"),
        ("--until", "2026-12-01T08:00Z", "--open-ended"),
    ],
)
def test_exactly_one_end(shell: Shell, ends: tuple[str, ...]) -> None:
    result = shell.run("order", "block-address", "192.0.2.7", "-r", "x", *ends)
    assert result.exit_code == 2
    assert "exactly one of --for, --until and --open-ended" in result.stderr
    assert "place" not in shell.names()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--for", "2"), ("--until", "2026-12-01T08:00"), ("--until", "tomorrow")],
)
def test_an_end_that_cannot_be_read(shell: Shell, option: str, value: str) -> None:
    result = shell.run("order", "block-address", "192.0.2.7", "-r", "x", option, value)
    assert result.exit_code == 2
    assert value in result.stderr


@pytest.mark.parametrize("clause", ["aup", "aup/1", "aup//x", "/1/x"])
def test_a_policy_clause_has_three_parts(shell: Shell, clause: str) -> None:
    result = shell.run("order", "block-address", "192.0.2.7", *GROUNDS, "--policy", clause)
    assert result.exit_code == 2
    assert "PACK/VERSION/CLAUSE" in result.stderr


def test_the_reason_is_required(shell: Shell) -> None:
    result = shell.run("order", "block-address", "192.0.2.7", "--for", "2h")
    assert result.exit_code == 2
    assert "--reason" in result.stderr


def test_the_actor_is_the_one_of_the_settings_unless_named(shell: Shell) -> None:
    shell.placed("block-address", "192.0.2.7", *GROUNDS, "-o", "json")
    shell.run("--actor", "first", "order", "list")
    shell.run("--actor", "first", "order", "list", "--actor", "second")
    assert [(who.name, who.source) for _, who, _ in shell.application.calls] == [
        ("tester", "cli"),
        ("first", "cli"),
        ("second", "cli"),
    ]


def test_a_dry_run_places_nothing(shell: Shell) -> None:
    result = shell.run("order", "block-address", "192.0.2.7", *GROUNDS, "--dry-run")
    assert result.exit_code == 0
    assert shell.names() == ["preview"]
    assert shell.last("preview")[1] is False
    for shown in ("edge1", "acme", "delete element inet enforcer", "Nothing was changed", "12 s"):
        assert shown in result.stdout


def test_a_fresh_dry_run_asks_the_devices(shell: Shell) -> None:
    shell.run("order", "block-address", "192.0.2.7", *GROUNDS, "--dry-run", "--fresh")
    assert shell.last("preview")[1] is True
    result = shell.run("order", "block-address", "192.0.2.7", *GROUNDS, "--fresh")
    assert result.exit_code == 2
    assert "place" not in shell.names()


def test_native_commands_are_never_wrapped_or_cut(shell: Shell) -> None:
    result = shell.run("order", "block-address", "192.0.2.7", *GROUNDS, "--dry-run")
    assert any(
        "timeout 7260s" in line and line.endswith('reported by a third party" }')
        for line in result.stdout.splitlines()
    )


def test_at_a_terminal_the_preview_is_shown_and_a_person_asked(shell: Shell) -> None:
    shell.at_a_terminal = True
    declined = shell.run("order", "block-address", "192.0.2.7", *GROUNDS, answer="n\n")
    assert declined.exit_code == 1
    assert "nothing was changed" in declined.stderr
    assert shell.names() == ["preview"]
    accepted = shell.run("order", "block-address", "192.0.2.7", *GROUNDS, answer="y\n")
    assert accepted.exit_code == 0
    assert shell.names() == ["preview", "preview", "place"]


def test_at_a_terminal_nobody_is_asked_about_what_would_be_refused(shell: Shell) -> None:
    shell.at_a_terminal = True
    shell.application.warnings = [
        "no controller is running",
        "would be refused: [too-wide] too wide: confirm it (--confirm-wide)",
        "would be refused: [collateral] hits shop (--confirm-collateral)",
    ]
    result = shell.run("order", "block-address", "192.0.0.0/20", *GROUNDS, answer="y\n")
    assert result.exit_code == 4
    assert "Place this order?" not in result.stderr
    for part in ("[too-wide]", "--confirm-wide", "--confirm-collateral"):
        assert part in result.stderr
    assert "edge1" in result.stdout, "what it would do is shown all the same"
    assert shell.names() == ["preview"]


@pytest.mark.parametrize("option", [("--yes",), ("--output", "json")])
def test_nobody_is_asked_with_yes_or_for_another_form(
    shell: Shell, option: tuple[str, ...]
) -> None:
    shell.at_a_terminal = True
    result = shell.run("order", "block-address", "192.0.2.7", *GROUNDS, *option)
    assert result.exit_code == 0
    assert shell.names() == ["place"]


@pytest.mark.parametrize("protocol, number", [("icmp", 1), ("gre", 47)])
def test_a_protocol_without_ports_needs_none(shell: Shell, protocol: str, number: int) -> None:
    placed = shell.placed("block-port", "acme", "--protocol", protocol, *GROUNDS).demand
    assert (placed.protocols, placed.ports) == ((number,), ())
    refused = shell.run("order", "block-port", "acme", "--protocol", protocol, "-p", "7", *GROUNDS)
    assert refused.exit_code == 2


def test_ports_that_are_missing_are_the_guardrail_s_business(shell: Shell) -> None:
    placed = shell.placed("block-port", "acme", *GROUNDS).demand
    assert (placed.protocols, placed.ports) == ((6,), ())
    shell.application.fails = OrderRefused("ports-missing", "name the ports")
    refused = shell.run("order", "block-port", "acme", *GROUNDS)
    assert refused.exit_code == 4
    assert "[ports-missing]" in refused.stderr
