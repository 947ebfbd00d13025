# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's nf_tables, in a namespace of its own, as a subject of the contract."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from drivers.nftables.driver import NftablesDriver
from drivers.nftables.netlink.columns import SetRef
from drivers.nftables.netlink.socket import EventSocket, NftSocket
from drivers.nftables.transport import LocalTransport, Made, Options
from enforcer.clock import SystemClock
from enforcer.core.rules import HOLD_MARKER, Owner
from enforcer.core.topology import Device, Mode
from enforcer.driver_api import Driver
from tests.contract.subject import FOREIGN, NAME, Mutations, Subject
from tests.oracle import Packet

_numbers = itertools.count()
OURS = "inet enforcer"
STRANGER = f"""
table inet {FOREIGN} {{
    set friends {{ type ipv4_addr; elements = {{ 203.0.113.1, 203.0.113.2 }} }}
    chain forward {{ type filter hook forward priority 0; ct state established accept; }}
}}
"""
_VOLATILE = ("handle", "expires", "packets", "bytes", "index")


class SpoiltSocket(NftSocket):
    """A conversation in which every dump of elements loses its last bytes."""

    def dump(self, targets: Sequence[SetRef]) -> tuple[list[bytes], int | None]:
        """See `NftSocket.dump`."""
        parts, generation = super().dump(targets)
        return [part[:-6] for part in parts], generation


@dataclass
class SpoilableTransport:
    """A way to a kernel; once `spoilt`, its conversations are."""

    through: LocalTransport
    spoilt: bool = False

    def identity(self) -> str:
        """See `Transport`."""
        return self.through.identity()

    def open(self) -> NftSocket:
        """See `Transport`."""
        kind = SpoiltSocket if self.spoilt else NftSocket
        return kind.open(self.through.namespace)

    def watch(self) -> EventSocket:
        """See `Transport`."""
        return self.through.watch()

    def inside(self, make: Callable[[], Made]) -> Made:
        """See `Transport`."""
        return self.through.inside(make)


class NftSubject:
    """A kernel, in a namespace of its own."""

    many = 25_000

    def __init__(self, namespace: str) -> None:
        self.clock = SystemClock()
        self.namespace = namespace
        self._transport = SpoilableTransport(LocalTransport(namespace))
        self.nft(STRANGER)

    def nft(self, commands: str) -> None:
        """As somebody at a shell."""
        self._run("nft", "-f", "-", said=commands)

    def _run(self, *command: str, said: str = "") -> str:
        inside = ["ip", "netns", "exec", self.namespace, *command]
        run = subprocess.run(inside, input=said, capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"{said}\n{run.stderr}"
        return run.stdout

    def driver(self, owner: Owner) -> Driver:
        """See `Subject`."""
        device = Device(NAME, "nftables", mode=Mode.ENFORCE)
        return NftablesDriver(device, owner, Options(self._transport, counters=True))

    def listing(self) -> list[dict[str, Any]]:
        """What `nft -j list ruleset` says, without what moves by itself."""
        listed = json.loads(self._run("nft", "-j", "list", "ruleset"))["nftables"]
        return [_still(entry) for entry in listed if "metainfo" not in entry]

    def _of(self, ours: bool) -> object:
        """Objects in any order, the rules of each chain in theirs."""
        entries = [e for e in self.listing() if _is_ours(e) is ours and not _is_mark(e)]
        objects = sorted(json.dumps(e, sort_keys=True) for e in entries if "rule" not in e)
        rules: dict[str, list[object]] = {}
        for entry in entries:
            if "rule" in entry:
                rules.setdefault(entry["rule"]["chain"], []).append(entry["rule"])
        return objects, rules

    def content(self) -> object:
        """See `Subject`."""
        return self._of(ours=True)

    def foreign(self) -> object:
        """See `Subject`."""
        return self._of(ours=False)

    def touch_foreign(self) -> None:
        """See `Subject`."""
        self.nft(
            f"flush set inet {FOREIGN} friends; add element inet {FOREIGN} friends {{ 192.0.2.1 }}"
        )

    def put_hold(self, there: bool) -> None:
        """As an operator types it; an IPv4 table does as well as any other."""
        self.nft(f"{'add' if there else 'delete'} table ip {HOLD_MARKER}")

    def garble(self) -> None:
        """Every dump of elements loses its end."""
        self._transport.spoilt = True

    def answer(self, packet: Packet) -> bool | None:
        """The kernel is asked with real packets, in the lab."""
        return None

    def names(self, line: str, address: str) -> bool:
        """See `Subject`."""
        return f"{{ {address} " in line

    def wipe(self) -> None:
        """See `Subject`."""
        self.nft(f"table {OURS}; delete table {OURS}")

    # -- what a stranger does ------------------------------------------------------------

    def _sets(self, kind: str) -> list[dict[str, Any]]:
        found = [entry["set"] for entry in self.listing() if "set" in entry and _is_ours(entry)]
        return [s for s in found if s["name"].startswith(kind) and s.get("elem")]

    def _element(self, kind: str) -> tuple[str, str, dict[str, Any]]:
        """One that has an end."""
        timed = [
            (str(chosen["name"]), _text(each["elem"]["val"]), each["elem"])
            for chosen in self._sets(kind)
            for each in chosen["elem"]
            if "timeout" in each["elem"]
        ]
        return timed[0]

    def _replace(self, kind: str, options: str | None) -> None:
        name, text, _ = self._element(kind)
        add = "" if options is None else f"add element {OURS} {name} {{ {text} {options} }}"
        self.nft(f"delete element {OURS} {name} {{ {text} }}\n{add}")

    def _altered(self, kind: str, timeout: str, comment: str | None = None) -> None:
        _, _, elem = self._element(kind)
        said = comment or elem["comment"]
        self._replace(kind, f'{timeout} comment "{said}"')

    def _rules(self, chain: str) -> list[int]:
        listed = json.loads(self._run("nft", "-j", "-a", "list", "chain", *OURS.split(), chain))
        return [e["rule"]["handle"] for e in listed["nftables"] if "rule" in e]

    def _reorder(self) -> None:
        chain = self._exceptions()
        first = self._rules(chain)[0]
        self.nft(f"add rule {OURS} {chain} drop; delete rule {OURS} {chain} handle {first}")

    def _exceptions(self) -> str:
        chains = [e["chain"]["name"] for e in self.listing() if "chain" in e and _is_ours(e)]
        return str(next(name for name in chains if name.startswith("x")))

    def _rule_missing(self) -> None:
        self.nft(f"delete rule {OURS} blocks handle {self._rules('blocks')[0]}")

    def _rule_altered(self) -> None:
        handle = self._rules("blocks")[-1]
        self.nft(f"replace rule {OURS} blocks handle {handle} counter accept")

    def _hook(self, said: str) -> None:
        self.nft(
            f"delete chain {OURS} forward\n"
            f"add chain {OURS} forward {{ type filter hook {said}; policy accept; }}\n"
            f"add rule {OURS} forward jump blocks"
        )

    def mutations(self) -> Mutations:
        """See `Subject`."""
        nft = self.nft
        spare = "198.18.0.1"
        return {
            "table deleted": lambda: nft(f"delete table {OURS}"),
            "ruleset of ours flushed": lambda: nft(f"flush table {OURS}"),
            "set flushed": lambda: nft(f"flush set {OURS} {self._sets('h')[0]['name']}"),
            "host missing": lambda: self._replace("h", None),
            "range missing": lambda: self._replace("r", None),
            "interface missing": lambda: self._replace("i", None),
            "host extra": lambda: nft(f"add element {OURS} {self._v4('h')} {{ {spare} }}"),
            "host extra with an order": lambda: nft(
                f'add element {OURS} {self._v4("h")} {{ {spare} comment "0001-Y" }}'
            ),
            "range extra": lambda: nft(f"add element {OURS} {self._v4('r')} {{ 198.18.8.0/24 }}"),
            "host with another end": lambda: self._altered("h", "timeout 9h"),
            "range with another end": lambda: self._altered("r", "timeout 9h"),
            "host without an end": lambda: self._altered("h", ""),
            "host with another order": lambda: self._altered("h", "timeout 3660s", "0009-G"),
            "range without an order": lambda: self._altered("r", "timeout 3660s", "hello"),
            "rule missing": self._rule_missing,
            "rule altered": self._rule_altered,
            "rule extra, first": lambda: nft(f"insert rule {OURS} blocks accept"),
            "rule extra, last": lambda: nft(f"add rule {OURS} forward counter accept"),
            "rules reordered": self._reorder,
            "chain flushed": lambda: nft(f"flush chain {OURS} blocks"),
            "exceptions flushed": lambda: nft(f"flush chain {OURS} {self._exceptions()}"),
            "exception missing": lambda: nft(f"flush set {OURS} {self._exceptions()}_0"),
            "exception extra": lambda: nft(
                f"add element {OURS} {self._exceptions()}_0 {{ {spare} }}"
            ),
            "chain extra": lambda: nft(f"add chain {OURS} mine {{ ip saddr {spare} accept; }}"),
            "set extra": lambda: nft(f"add set {OURS} mine {{ type inet_service; }}"),
            "counter extra": lambda: nft(f"add counter {OURS} mine"),
            "hook removed": lambda: nft(f"delete chain {OURS} forward"),
            "priority changed": lambda: self._hook("forward priority 100"),
            "hook changed": lambda: self._hook("input priority -150"),
            "policy changed": lambda: nft(f"add chain {OURS} forward {{ policy drop; }}"),
            "put to sleep": lambda: nft(f"add table {OURS} {{ flags dormant; }}"),
            "mark removed": lambda: nft(f"flush set {OURS} owner_mark"),
            "everything flushed": lambda: nft(f"flush ruleset\n{STRANGER}"),
        }

    def _v4(self, kind: str) -> str:
        sets = [s for s in self._sets(kind) if s["type"] == "ipv4_addr"]
        return str(sets[0]["name"])


def _is_ours(entry: Mapping[str, Any]) -> bool:
    said = next(iter(entry.values()))
    return f"{said['family']} {said.get('table') or said['name']}" == OURS


def _is_mark(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("set", {}).get("name") == "owner_mark")


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: _still(v) for k, v in value.items() if k not in _VOLATILE}
        if "timeout" in kept:
            # The kernel counts in ticks, and a repair writes what remains.
            kept["timeout"] = "timed"
        if "elem" in kept and isinstance(kept["elem"], list):
            kept["elem"].sort(key=lambda e: json.dumps(e, sort_keys=True))
        return kept
    return [_still(v) for v in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"' if value.startswith("eth") else value
    if "prefix" in value:
        return f"{value['prefix']['addr']}/{value['prefix']['len']}"
    return "-".join(value["range"])


@contextmanager
def nftables() -> Iterator[Subject]:
    """A fresh namespace."""
    name = f"contract-{os.getpid()}-{next(_numbers)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield NftSubject(name)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)
