# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets in a kernel, and libnftables' own view of their elements."""

from __future__ import annotations

import ipaddress
import json
import re
from pathlib import Path
from typing import Any

import nftables

from drivers.nftables.netlink.columns import SetRef
from drivers.nftables.netlink.netns import inside
from tests.unit.drivers.nftables.netlink_rows import Row

FIRST_PID_NAMESPACE = f"pid:[{0xEFFFFFFC}]"
"""PROC_PID_INIT_INO of include/linux/proc_ns.h."""
TICK = 20
"""Milliseconds: a multiple of every CONFIG_HZ's tick, so that timeouts read back as written."""
SETS = {
    "h4": SetRef("t", "h4", 4),
    "h6": SetRef("t", "h6", 16),
    "r4": SetRef("t", "r4", 4, interval=True),
    "r6": SetRef("t", "r6", 16, interval=True),
    "c4": SetRef("t", "c4", 4),
    "d4": SetRef("t", "d4", 4, interval=True),
    "ifs": SetRef("t", "ifs", 16),
}
DEFINITIONS = """
add table inet t
add set inet t h4 { type ipv4_addr; flags timeout; }
add set inet t h6 { type ipv6_addr; flags timeout; }
add set inet t r4 { type ipv4_addr; flags interval, timeout; }
add set inet t r6 { type ipv6_addr; flags interval, timeout; }
add set inet t c4 { type ipv4_addr; flags timeout; counter; }
add set inet t d4 { type ipv4_addr; flags interval, timeout; counter; }
add set inet t ifs { type ifname; flags timeout; }
"""


class Nft:
    """libnftables inside a namespace."""

    def __init__(self, namespace: str) -> None:
        self._context = inside(namespace, nftables.Nftables)

    def run(self, commands: str) -> None:
        code, _, error = self._context.cmd(commands)
        assert code == 0, error

    def add(self, name: str, elements: list[Row], bits: int) -> None:
        listed = [json_of_row(row, bits) for row in elements]
        target = {"family": "inet", "table": "t", "name": name, "elem": listed}
        code, _, error = self._context.json_cmd({"nftables": [{"add": {"element": target}}]})
        assert code == 0, error

    def add_counted(self, name: str, elements: list[Row], bits: int) -> None:
        """As text: libnftables 1.0.6 drops the counters of elements that it is given as JSON."""
        self.run(
            f"add element inet t {name} {{ {', '.join(text_of_row(r, bits) for r in elements)} }}"
        )

    def elements(self, name: str) -> list[Row]:
        self._context.set_json_output(True)
        code, output, error = self._context.cmd(f"list set inet t {name}")
        assert code == 0, error
        (listed,) = [o["set"] for o in json.loads(output)["nftables"] if "set" in o]
        return sorted(map(row_of_json, listed.get("elem", [])))


def row_of_json(entry: Any) -> Row:
    inner = entry["elem"] if isinstance(entry, dict) and "elem" in entry else {"val": entry}
    first, last = span_of_json(inner["val"])
    counter = inner.get("counter", {"packets": 0, "bytes": 0})
    timeout = inner["timeout"] * 1000 if "timeout" in inner else None
    return Row(first, last, timeout, inner.get("comment", ""), counter["packets"], counter["bytes"])


def span_of_json(value: Any) -> tuple[int, int]:
    if isinstance(value, str):
        address = int(ipaddress.ip_address(value))
        return address, address
    if "prefix" in value:
        network = ipaddress.ip_network(f"{value['prefix']['addr']}/{value['prefix']['len']}")
        return int(network[0]), int(network[-1])
    return tuple(int(ipaddress.ip_address(a)) for a in value["range"])  # type: ignore[return-value]  # a range has two ends


def json_of_row(row: Row, bits: int) -> dict[str, Any]:
    make = ipaddress.IPv4Address if bits == 32 else ipaddress.IPv6Address
    first, last = str(make(row.first)), str(make(row.last))
    entry: dict[str, Any] = {"val": first if first == last else {"range": [first, last]}}
    if row.timeout is not None:
        entry["timeout"] = row.timeout // 1000
    if row.comment:
        entry["comment"] = row.comment
    return {"elem": entry}


def text_of_row(row: Row, bits: int) -> str:
    entry = json_of_row(row, bits)["elem"]
    span = entry["val"] if isinstance(entry["val"], str) else "-".join(entry["val"]["range"])
    timeout = f" timeout {entry['timeout']}s" if "timeout" in entry else ""
    comment = f' comment "{row.comment}"' if row.comment else ""
    return f"{span} counter packets {row.packets} bytes {row.octets}{timeout}{comment}"


def kernel_pid(pid: int, told: str) -> int:
    """The pid that the kernel reports for `pid`: the one in its own first pid namespace.

    A process in another pid namespace (a container) cannot know it: the one `told` will do.
    """
    if str(Path("/proc/self/ns/pid").readlink()) == FIRST_PID_NAMESPACE:
        return pid
    found = re.search(r"[0-9]+$", told)
    assert found is not None and int(found[0]) > 1, f"{told!r} names no pid"
    return int(found[0])
