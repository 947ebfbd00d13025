# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden cases of the drivers of routers: what a box shows, what is wanted, the exact commands.

A case is a folder, and its name says what it shows:

* ``actual.txt``: what the box shows; the driver's own parser reads it.
* ``desired.toml``: the device, and what is to stand on it (below).
* ``plan.txt``: ``Plan.native()``, one line each. ``undo.txt``: ``Plan.undo()``.

A driver's test is a few lines::

    @pytest.mark.parametrize("folder", cases(Path(__file__).parent / "cases"))
    def test_golden(folder: Path) -> None:
        case = load(folder)
        driver = XDriver.from_device(case.device, NoCredentials(), case.owner)
        known.learn(case.known)                     # what once was ordered, see below
        actual = parse(case.actual, READ_AT, ...)   # the driver's own
        drift = compared(driver, case.desired, actual)
        case.expect(driver.plan(case.desired, drift, actual))

``ENFORCER_GOLDEN=update pytest ...`` writes plan.txt and undo.txt instead of comparing them; look
at the difference before it is committed. ``python -m tests.unit.drivers.golden FOLDER`` prints the
digest and the words of each rule of a case (``-`` before those that are gone), for actual.txt.

desired.toml::

    about = "One sentence."

    [owner]                    # optional; default C0FFEE, epoch 3. position and digest (of the
    controller = "C0FFEE"      # mark) may be added; Desired.mark is this owner with `mark = true`.
    epoch = 3

    [device]                   # the inventory's own entry of a device (docs/inventory.md),
    name = "edge1"             # and its name (default edge1)
    platform = "cisco_ios"
    roles = ["border"]
    mechanism = "rtbh"
    [device.interfaces."GigabitEthernet0/0/1"]
    behind = "hosting"
    addresses = ["192.0.2.129/30"]

    [customers.hosting]        # every other table is a section of the inventory; what is behind
    prefixes = ["192.0.2.0/25"]  # an interface or a neighbor is attached there
    [[service_sets.relays.entries]]
    prefixes = ["203.0.113.25/32"]

    [lists]                    # named lists, for block_list
    botnets = ["198.51.100.128/30"]

    [[orders]]                 # either orders, compiled by the real compiler ...
    number = 7                 # default: 1 for the first, and so on
    end = "2026-11-21T18:00:00Z"   # default: none
    gone = true                # it stands in actual.txt perhaps, but is wanted no more
    scope = { devices = ["edge1"] }
    demand = { kind = "block_port", target = { customers = ["hosting"] }, protocols = ["tcp"],
               ports = ["25"], exceptions = { service_sets = ["relays"] } }   # enforcer.wire

    [[rules]]                  # ... or neutral rules; both may be mixed
    family = 4                 # 0 for key "interface"
    key = "source"             # a value of enforcer.core.rules.Key
    service = "tcp/25"         # or "tcp", "tcp/1024-65535>25" (source > destination), "47"
    peers = ["203.0.113.0/24"]
    exempt = ["203.0.113.25", "203.0.113.25 tcp/25"]   # a service has at most one port range
    neighbor = "192.0.2.130"   # keys received and announced
    routes = { shortest = 25, longest = 32, origin = 64511, passes = 64512 }   # the latter may lack
    members = ["198.51.100.7", "198.51.100.64/26", "198.51.100.9-198.51.100.12"]
    interfaces = ["GigabitEthernet0/0/1"]   # instead of members, for keys by name
    order = 9                  # and `end`, `gone` as above

Documentation space is ordinary here. An order that the device is not asked by is an error.
"""

from __future__ import annotations

import difflib
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

from enforcer.core.compile import compile_device
from enforcer.core.contributions import Contribution, Contributions, contributions
from enforcer.core.instants import end_ms
from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.lists import ListContent, content_of
from enforcer.core.naming import rule_text
from enforcer.core.orders import Order, Scope
from enforcer.core.plan import Plan
from enforcer.core.rules import Desired, Exempt, Key, Owner, RouteMatch, Rule, Service
from enforcer.core.services import parse_protocols
from enforcer.core.topology import Device, Topology
from enforcer.wire import demand_from_wire
from inventory.assemble import assemble
from inventory.located import Document
from inventory.schema import InventoryFile

READ_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
"""When the box of every case was read; orders began before it."""
UPDATE = "ENFORCER_GOLDEN"

Table = Mapping[str, Any]
_OURS = {"about", "owner", "device", "lists", "orders", "rules"}


@dataclass(frozen=True)
class Case:
    """One case; `known`: every rule that was ever wanted there, what is gone included."""

    folder: Path
    about: str
    device: Device
    owner: Owner
    desired: Desired
    known: tuple[Rule, ...]
    actual: str

    def expect(self, plan: Plan) -> None:
        """Compare a plan's text, line by line, with the case's, or write it (see above)."""
        for name, lines in (("plan.txt", plan.native()), ("undo.txt", plan.undo())):
            self._expect(self.folder / name, list(lines))

    def _expect(self, file: Path, lines: list[str]) -> None:
        assert not any("\n" in line for line in lines), "a line of a plan is one line"
        if os.environ.get(UPDATE) == "update":
            file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            return
        assert file.exists(), f"{file.name} is missing: run once with {UPDATE}=update"
        wanted = file.read_text(encoding="utf-8").splitlines()
        moved = difflib.unified_diff(wanted, lines, f"{file} (wanted)", "planned", lineterm="")
        assert lines == wanted, "\n".join([self.about, *moved])


def cases(folder: Path) -> list[ParameterSet]:
    """The cases in `folder`, for parametrize; each is the path of one."""
    found = sorted(file.parent for file in folder.glob("*/desired.toml"))
    assert found, f"no case in {folder}"
    return [pytest.param(case, id=case.name) for case in found]


def load(folder: Path) -> Case:
    """The case in `folder`."""
    tree = tomllib.loads((folder / "desired.toml").read_text(encoding="utf-8"))
    topology, device = _topology(tree)
    lists = {name: _list(entries) for name, entries in tree.get("lists", {}).items()}
    asks = list(_asks(tree, topology, device, lists))
    stated: dict[str, Any] = {"controller": "C0FFEE", "epoch": 3} | tree.get("owner", {})
    marked = stated.pop("mark", False)
    owner = Owner(**stated)
    found = compile_device(device.name, [ask for ask, gone in asks if not gone]).desired
    desired = Desired(
        found.device,
        found.addresses,
        found.interfaces,
        found.withheld,
        mark=owner if marked else None,
    )
    return Case(
        folder,
        tree["about"],
        device,
        owner,
        desired,
        tuple(dict.fromkeys(p.rule for ask, _ in asks for p in ask.on(device.name))),
        (folder / "actual.txt").read_text(encoding="utf-8"),
    )


def _topology(tree: Table) -> tuple[Topology, Device]:
    device = dict(tree["device"])
    name = device.pop("name", "edge1")
    sections = {key: value for key, value in tree.items() if key not in _OURS}
    settings = {"documentation_space": True} | sections.get("settings", {})
    whole = sections | {"settings": settings}
    whole["devices"] = {name: device} | sections.get("devices", {})
    file = InventoryFile.model_validate(whole)
    topology = assemble([(Document("desired.toml", None, {}, ()), file)])
    return topology, topology.devices[name]


def _list(entries: Iterable[str]) -> ListContent:
    networks = [ip_network(text) for text in entries]
    v4, v6 = (merge(rows_of(n for n in networks if n.version == f)) for f in (4, 6))
    return content_of(v4, v6, 1)


def _asks(
    tree: Table, topology: Topology, device: Device, lists: Mapping[str, ListContent]
) -> Iterator[tuple[Contributions, bool]]:
    for place, table in enumerate(tree.get("orders", ()), 1):
        asked = contributions(_order(place, table), topology, lists)
        assert asked.on(device.name), f"order {place} asks nothing of {device.name}"
        yield asked, table.get("gone", False)
    for place, table in enumerate(tree.get("rules", ()), 1):
        part = _part(device.name, table)
        assert len(part), f"a rule without members: {table}"
        # Of several rules of one order none may replace another.
        yield Contributions(-place, (part,), (), (device.name,)), table.get("gone", False)


def _order(place: int, table: Table) -> Order:
    began = READ_AT - timedelta(hours=1)
    number = table.get("number", place)
    scope = Scope(**{key: tuple(some) for key, some in table.get("scope", {}).items()})
    demand = demand_from_wire(table["demand"])
    return Order(
        number, number, demand, "test", "ann", "cli", began, began, _end(table), scope=scope
    )


def _end(table: Table) -> datetime | None:
    return datetime.fromisoformat(table["end"]) if "end" in table else None


def _part(device: str, table: Table) -> Contribution:
    rule, number = _rule(table), table.get("order", 1)
    ranges = merge(Ranges.of(map(_span, table.get("members", ()))))
    names = tuple(sorted(table.get("interfaces", ())))
    end = end_ms(_end(table))
    return Contribution(device, rule, ranges.first, ranges.last, names, end, number)


def _rule(table: Table) -> Rule:
    peers = table.get("peers")
    exempt = sorted(map(_exempt, table.get("exempt", ())), key=_as_compiled)
    return Rule(
        table["family"],
        Key(table["key"]),
        _service(table["service"]) if "service" in table else None,
        None if peers is None else merge(Ranges.of(map(_span, peers))).pairs(),
        tuple(exempt),
        table.get("neighbor", ""),
        RouteMatch(**table["routes"]) if "routes" in table else None,
    )


def _span(text: str) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    if dash:
        return int(ip_address(first)), int(ip_address(last))
    network = ip_network(text)
    return int(network.network_address), int(network.broadcast_address)


def _service(text: str) -> Service:
    protocol, slash, ports = text.partition("/")
    source, arrow, destination = ports.rpartition(">")
    return Service(
        parse_protocols(protocol)[0],
        _ports(source) if arrow else None,
        _ports(destination) if slash and destination else None,
    )


def _ports(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def _as_compiled(exempt: Exempt) -> tuple[int, tuple[int, int], int]:
    """The order that the compiler has them in, so that a digest is the real one's."""
    protocol = -1 if exempt.protocol is None else exempt.protocol
    return protocol, exempt.ports or (-1, -1), exempt.first


def _exempt(text: str) -> Exempt:
    where, _, service = text.partition(" ")
    if not service:
        return Exempt(*_span(where))
    found = _service(service)
    return Exempt(*_span(where), found.protocol, found.destination_ports)


if __name__ == "__main__":
    case = load(Path(sys.argv[1]))
    wanted = set(case.desired.rules())
    for rule in sorted(case.known, key=lambda r: r.digest):
        print(
            " " if rule in wanted else "-", rule.digest, f"IPv{rule.family}", rule_text(rule), rule
        )
