# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden cases are read as they say, and a difference is shown."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.core.plan import Plan
from enforcer.core.rules import NO_END, Exempt, InterfaceMember, Key, Owner, Rule, Service
from tests.unit.drivers.golden import UPDATE, Case, cases, load

WANTED = """
    about = "Both forms beside each other."

    [owner]
    controller = "OTHER"
    epoch = 4
    mark = true

    [device]
    name = "edge7"
    platform = "any"
    roles = ["border"]
    options = { confirm = "120" }
    [device.interfaces.eth1]
    behind = "hosting"
    addresses = ["192.0.2.129/30"]

    [customers.hosting]
    prefixes = ["192.0.2.0/25"]

    [[service_sets.relays.entries]]
    prefixes = ["203.0.113.25/32"]

    [lists]
    botnets = ["198.51.100.128/30", "2001:db8:bad::/48"]

    [[orders]]
    number = 7
    end = "2026-11-21T18:00:00Z"
    demand = { kind = "block_port", target = { customers = ["hosting"] }, protocols = ["tcp"], \
ports = ["25"], exceptions = { service_sets = ["relays"] } }

    [[orders]]
    gone = true
    demand = { kind = "block_list", list_name = "botnets", direction = "from" }

    [[rules]]
    family = 4
    key = "destination"
    service = "tcp/1024-65535>25"
    peers = ["203.0.113.0/25", "203.0.113.128/25"]
    exempt = ["203.0.113.25 tcp/25", "203.0.113.26"]
    members = ["198.51.100.7", "198.51.100.8-198.51.100.11"]
    order = 9

    [[rules]]
    family = 0
    key = "interface"
    interfaces = ["eth1"]
    order = 9
"""


def made(folder: Path, text: str = WANTED) -> Path:
    case = folder / "two-forms"
    case.mkdir()
    (case / "desired.toml").write_text(dedent(text), encoding="utf-8")
    (case / "actual.txt").write_text("as shown\n", encoding="utf-8")
    return case


def number(text: str) -> int:
    return int(ip_address(text))


def test_everything_is_read(tmp_path: Path) -> None:
    case = load(made(tmp_path))
    assert case.actual == "as shown\n"
    assert case.owner == Owner("OTHER", 4) == case.desired.mark
    assert (case.device.name, dict(case.device.options)) == ("edge7", {"confirm": "120"})
    relay = number("203.0.113.25")
    port = Rule(
        4, Key.SOURCE, Service(6, None, (25, 25)), None, (Exempt(relay, relay, None, None),)
    )
    neutral = Rule(
        4,
        Key.DESTINATION,
        Service(6, (1024, 65535), (25, 25)),
        ((number("203.0.113.0"), number("203.0.113.255")),),
        (Exempt(relay + 1, relay + 1), Exempt(relay, relay, 6, (25, 25))),
    )
    down = Rule(0, Key.INTERFACE)
    assert set(case.desired.rules()) == {port, neutral, down}
    assert case.desired.interfaces[down] == (InterfaceMember("eth1", NO_END, 9),)
    assert list(case.desired.addresses[neutral].rows()) == [
        (number("198.51.100.7"), number("198.51.100.11"), NO_END, 9)
    ]
    ((first, last, end, order),) = case.desired.addresses[port].rows()
    assert (first, last, order) == (number("192.0.2.0"), number("192.0.2.127"), 7)
    assert end == 1_795_284_000_000
    gone = set(case.known) - set(case.desired.rules())
    assert gone == {Rule(4, Key.SOURCE), Rule(6, Key.SOURCE)}


def plan(*lines: str) -> Plan:
    return Plan((), lambda: iter(lines), lambda: iter(("back",)))


def test_a_difference_is_shown_and_written_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case: Case = load(made(tmp_path))
    monkeypatch.delenv(UPDATE, raising=False)
    with pytest.raises(AssertionError, match="is missing"):
        case.expect(plan("one"))
    monkeypatch.setenv(UPDATE, "update")
    case.expect(plan("one", " two"))
    monkeypatch.delenv(UPDATE)
    case.expect(plan("one", " two"))
    assert (case.folder / "undo.txt").read_text(encoding="utf-8") == "back\n"
    with pytest.raises(AssertionError, match=r"\+two"):
        case.expect(plan("one", "two"))


def test_an_order_that_asks_nothing_of_the_device_is_an_error(tmp_path: Path) -> None:
    folder = made(tmp_path, WANTED.replace('["border"]', "[]"))
    with pytest.raises(AssertionError, match="order 2 asks nothing of edge7"):
        load(folder)


def test_cases_are_found_by_their_folders(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert [(case.values, case.id) for case in cases(tmp_path)] == [((folder,), "two-forms")]
    with pytest.raises(AssertionError, match="no case"):
        cases(folder)
