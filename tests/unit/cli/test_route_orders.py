# SPDX-License-Identifier: GPL-2.0-or-later
"""The orders about BGP as typed: what they ask of the application, and what is refused."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from enforcer.core.orders import (
    Blackhole,
    Direction,
    DropRoutes,
    Scope,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.errors import OrderRefused
from tests.fakes.views import a_neighbor_preview
from tests.unit.cli.shell import Shell

GROUNDS = ("--reason", "leak", "--for", "2h")
ACME = Sessions(customers=("acme",))
LEAK = tuple(map(ip_network, ("8.8.8.0/24", "2001:4860::/32")))


def refused(shell: Shell, *arguments: str) -> str:
    """What is said of a command line that cannot be understood."""
    result = shell.run("order", *arguments, *GROUNDS)
    assert result.exit_code == 2
    assert "place" not in shell.names()
    return " ".join(result.stderr.split())


def test_listed_prefixes_of_a_customer(shell: Shell) -> None:
    command = shell.placed(
        "drop-routes", "8.8.8.0/24", "2001:4860::/32", "8.8.8.0/24", "--customer", "acme", *GROUNDS
    )
    assert command.demand == DropRoutes(ACME, LEAK)
    assert not command.confirm_routes and not command.confirm_foreign


def test_whom_the_sessions_are_with(shell: Shell) -> None:
    command = shell.placed(
        "drop-routes", "8.8.8.0/24", "--customer", "acme", "--customer", "beta", "--asn", "AS65001",
        "--asn", "64999", "--neighbor", "10.0.1.2", "--neighbor", "2001:db8::2", "--or-longer",
        "--direction", "out", "--device", "edge1", "--except", "192.0.2.0/24", "--confirm-routes",
        *GROUNDS,
    )  # fmt: skip
    assert command.demand == DropRoutes(
        Sessions(
            ("acme", "beta"), (65001, 64999), (ip_address("10.0.1.2"), ip_address("2001:db8::2"))
        ),
        LEAK[:1],
        or_longer=True,
        direction="out",
        exceptions=Selection((ip_network("192.0.2.0/24"),)),
    )
    assert command.scope == Scope(("edge1",))
    assert command.confirm_routes


@pytest.mark.parametrize(
    ("options", "demand"),
    [
        (("--all-but-registered",), DropRoutes(ACME, choice="unregistered")),
        (("--every",), DropRoutes(ACME, choice="every")),
        (("--origin-as", "AS15169"), DropRoutes(ACME, choice="every", origin_as=15169)),
        (
            ("--path-as", "64999", "--origin-as", "1"),
            DropRoutes(ACME, choice="every", path_as=64999, origin_as=1),
        ),
        (
            ("--longer-than", "24", "--longer-than6", "48"),
            DropRoutes(ACME, choice="every", longer_than4=24, longer_than6=48),
        ),
        (
            ("8.8.8.0/24", "--exact", "--path-as", "64999"),
            DropRoutes(ACME, LEAK[:1], path_as=64999),
        ),
    ],
)
def test_which_routes(shell: Shell, options: tuple[str, ...], demand: DropRoutes) -> None:
    command = shell.placed("drop-routes", *options, "--customer", "acme", *GROUNDS)
    assert command.demand == demand


def test_a_file_of_routes(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "leak.tsv"
    file.write_text("8.8.8.0/24\t65001 15169\n2001:4860::/32\t65001 15169\n")
    command = shell.placed(
        "drop-routes", "8.8.8.0/24", "--from-file", str(file), "--customer", "acme", *GROUNDS
    )
    assert command.demand == DropRoutes(ACME, LEAK)


def test_a_file_on_standard_input(shell: Shell) -> None:
    result = shell.run(
        "order", "drop-routes", "--from-file", "-", "--customer", "acme", *GROUNDS,
        answer="8.8.8.0/24\n2001:4860::/32\n",
    )  # fmt: skip
    assert result.exit_code == 0
    assert shell.last("place").demand == DropRoutes(ACME, LEAK)


def test_what_is_registered_may_come_from_an_irr(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "acme.json"
    entries = [{"prefix": "192.0.2.0/24", "exact": False, "less-equal": 28}]
    file.write_text(json.dumps({"NN": entries}))
    command = shell.placed(
        "drop-routes", "--all-but-registered", "--registered-from", str(file), "--asn", "65001",
        *GROUNDS,
    )  # fmt: skip
    assert command.demand == DropRoutes(
        Sessions(asns=(65001,)), (ip_network("192.0.2.0/24"),), "unregistered"
    )


def test_a_bad_line_in_a_file_places_nothing(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "leak.txt"
    file.write_text("8.8.8.0/24\n8.8.8.8/24\n")
    said = refused(shell, "drop-routes", "--from-file", str(file), "--customer", "acme")
    assert "leak.txt: line 2: '8.8.8.8/24' has host bits set" in said


def test_a_range_in_a_file_is_no_exact_prefix(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "leak.conf"
    file.write_text("ip prefix-list L permit 8.8.8.0/24 le 28\n")
    options = ("drop-routes", "--from-file", str(file), "--customer", "acme")
    assert "--or-longer" in refused(shell, *options)
    assert shell.placed(*options, "--or-longer", *GROUNDS).demand.or_longer


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--customer", "acme"), "say which routes"),
        (("8.8.8.0/24",), "say with whom the sessions are"),
        (("8.8.8.0/24", "--every", "--asn", "1"), "exclude each other"),
        (("8.8.8.0/24", "--all-but-registered", "--asn", "1"), "exclude each other"),
        (("--every", "--all-but-registered", "--asn", "1"), "exclude each other"),
        (("8.8.8.0/24", "--exact", "--or-longer", "--asn", "1"), "exclude each other"),
        (("--every", "--or-longer", "--asn", "1"), "are about prefixes"),
        (("--every", "--registered-from", "x", "--asn", "1"), "--all-but-registered: add it"),
        (("8.8.8.0/24", "--asn", "AS0"), "'AS0' is no AS number"),
        (("8.8.8.0/24", "--asn", "4294967295"), "is no AS number"),
        (("8.8.8.0/24", "--asn", "1.10"), "is no AS number"),
        (("8.8.8.0/24", "--neighbor", "10.0.0.0/8"), "is no neighbor"),
        (("8.8.8.0/24", "--neighbor", "acme"), "'acme' is not"),
        (("8.8.8.8/24", "--asn", "1"), "has host bits set"),
        (("--from-file", "nowhere.txt", "--asn", "1"), "nowhere.txt: cannot be read"),
        (("--every", "--longer-than", "33", "--asn", "1"), "--longer-than"),
    ],
)
def test_what_says_too_little_or_two_things(
    shell: Shell, options: tuple[str, ...], says: str
) -> None:
    assert says in refused(shell, "drop-routes", *options)


def test_too_many_prefixes_are_refused_before_anything_is_asked(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "table.txt"
    addresses = range(int(ip_address("10.0.0.0")), int(ip_address("10.0.0.0")) + 100_001)
    file.write_text("\n".join(str(ip_address(number)) for number in addresses))
    said = refused(shell, "drop-routes", "--from-file", str(file), "--asn", "1")
    assert "100,001 prefixes, and an order takes 100,000" in said


def test_every_session_of_a_device(shell: Shell) -> None:
    command = shell.placed("drop-routes", "8.8.8.0/24", "--device", "edge1", *GROUNDS)
    assert command.demand.sessions == Sessions()


def test_a_blackhole(shell: Shell) -> None:
    host = ip_network("192.0.2.7")
    assert shell.placed("blackhole", "192.0.2.7", *GROUNDS).demand == Blackhole(host)
    command = shell.placed(
        "blackhole", "192.0.2.7", "-d", "both", "--export", "transit", "--export", "other",
        "--confirm-foreign", *GROUNDS,
    )  # fmt: skip
    assert command.demand == Blackhole(host, Direction.BOTH, ("transit", "other"))
    assert command.confirm_foreign and not command.confirm_routes


def test_a_blackhole_passes_its_exceptions_on_to_be_refused(shell: Shell) -> None:
    command = shell.placed("blackhole", "192.0.2.7", "--except", "relay", *GROUNDS)
    assert command.demand.exceptions == Selection(service_sets=("relay",))


def test_a_session_is_shut_down(shell: Shell) -> None:
    command = shell.placed("shutdown-session", "--asn", "65001", "--confirm-routes", *GROUNDS)
    assert command.demand == ShutdownSession(Sessions(asns=(65001,)))
    assert command.confirm_routes
    assert "say with whom" in refused(Shell(shell.config), "shutdown-session")


@pytest.mark.parametrize(
    ("options", "by"),
    [
        ((), "prefixes"),
        (("--mode", "traffic"), "prefixes"),
        (("--mode", "traffic", "--by", "interface"), "interface"),
        (("--mode", "session"), "session"),
        (("--mode", "port"), "shutdown"),
        (("--mode", "port", "--by", "shutdown"), "shutdown"),
        (("--by", "shutdown"), "shutdown"),
    ],
)
def test_how_a_customer_is_suspended(shell: Shell, options: tuple[str, ...], by: str) -> None:
    demand = shell.placed("suspend-customer", "acme", *options, *GROUNDS).demand
    assert isinstance(demand, SuspendCustomer) and demand.by == by


@pytest.mark.parametrize(
    "options",
    [
        ("--mode", "session", "--by", "prefixes"),
        ("--mode", "port", "--by", "interface"),
        ("--mode", "traffic", "--by", "shutdown"),
    ],
)
def test_a_mode_and_what_contradicts_it(shell: Shell, options: tuple[str, ...]) -> None:
    assert "contradict" in refused(shell, "suspend-customer", "acme", *options)


def test_a_preview_shows_what_each_neighbor_would_lose(shell: Shell) -> None:
    shell.application.neighbors = [
        a_neighbor_preview(),
        a_neighbor_preview(
            neighbor="10.0.2.2",
            device="edge2",
            **dict.fromkeys(("routes", "lost", "remaining")),
            lost_first=[],
            remaining_first=[],
            problem="the session is down",
        ),
    ]
    options = ("drop-routes", "8.8.8.0/24", "--customer", "acme", "--dry-run")
    result = shell.run("order", *options, *GROUNDS)
    assert "routes from 10.0.1.2 (acme, AS65001) on edge1: 2 of 3 rejected, 1 remain" in (
        result.stdout
    )
    assert "rejected: 8.8.8.0/24 via 65001 15169" in result.stdout
    assert "remain: 192.0.2.0/25 via 65001" in result.stdout
    assert "on edge2: unknown" in result.stdout
    assert "cannot be read: the session is down" in result.stdout
    (first, _) = shell.json("order", *options, *GROUNDS)["neighbors"]
    assert (first["lost"], first["remaining"]) == (2, 1)


def test_a_long_list_says_how_many_more(shell: Shell) -> None:
    shell.application.neighbors = [a_neighbor_preview(routes=49_048, lost=49_047)]
    options = ("drop-routes", "8.8.8.0/24", "--customer", "acme", "--dry-run")
    shown = shell.run("order", *options, *GROUNDS).stdout
    assert "49,047 of 49,048 rejected" in shown and "rejected: … and 49,045 more" in shown


def test_at_a_terminal_nobody_is_asked_about_what_would_be_refused(shell: Shell) -> None:
    shell.at_a_terminal = True
    shell.application.warnings = [
        "would be refused: [loses-all-routes] all 3 routes: confirm it (--confirm-routes)"
    ]
    result = shell.run("order", "drop-routes", "8.8.8.0/24", "--customer", "acme", *GROUNDS)
    assert result.exit_code == 4
    assert "[loses-all-routes]" in result.stderr and "place" not in shell.names()


def test_a_refusal_names_the_option(shell: Shell) -> None:
    shell.application.refuses["1 routes"] = OrderRefused("routes-unread", "(--confirm-routes)")
    result = shell.run("order", "drop-routes", "8.8.8.0/24", "--customer", "acme", *GROUNDS)
    assert result.exit_code == 4
    assert result.stderr == "error: [routes-unread] (--confirm-routes)\n"


def test_an_order_of_many_prefixes_is_short_in_a_table_and_whole_in_json(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "table.txt"
    prefixes = [f"10.{n // 256}.{n % 256}.0/24" for n in range(5000)]
    file.write_text("\n".join(prefixes))
    shell.placed("drop-routes", "--from-file", str(file), "--asn", "1", *GROUNDS)
    shown = shell.run("order", "show", "0001-Y").stdout
    assert "5,000" in shown and len(shown) < 1500
    assert shell.json("order", "show", "0001-Y")["demand"]["prefixes"] == prefixes
