# SPDX-License-Identifier: GPL-2.0-or-later
"""``show running-config`` of bgpd. Pure; what is ours is understood wholly, or not at all."""

from __future__ import annotations

import re
from ipaddress import ip_address

from drivers._router.names import OWNER
from drivers.frr.model import PATHS, Binding, Config, MapEntry, Object, Peer
from drivers.frr.names import ours
from enforcer.core.rules import HOLD_MARKER, Owner
from enforcer.errors import ParseFailed

_LIST = re.compile(
    r"^(ip prefix-list|ipv6 prefix-list|bgp as-path access-list) (\S+) seq (\d{1,10}) (.+)$"
)
_DESCRIBED = re.compile(r"^(ip prefix-list|ipv6 prefix-list) (\S+) description ")
_IGNORED = re.compile(r"^no route-map \S+ optimization$")
_ENTRY = re.compile(r"^(?:permit|deny) [0-9a-f.:]+/\d{1,3}(?: ge \d{1,3})?(?: le \d{1,3})?$")
_PATH = re.compile(r"^(?:permit|deny) \S.*$")
_MAP = re.compile(r"^route-map (\S+) (permit|deny) (\d{1,5})$")
_DATACENTER = "frr defaults datacenter"
_STRICT = "bgp ebgp-requires-policy"
_POLICIES = frozenset({"prefix-list", "filter-list", "distribute-list", "unsuppress-map"})
_ROUTER = re.compile(r"^router bgp \d{1,10}$")
_FAMILY = re.compile(r"^address-family (\S+)(?: (\S+))?$")
_HOLD = re.compile(rf"^[a-z0-9 -]+ {HOLD_MARKER}(?: |$)")
_OWNER = re.compile(
    r"^description controller (\S+) epoch (\d{1,18})(?: position (\d{1,18}) digest (\S+))?$"
)
_FAMILIES = {"ipv4": 4, "ipv6": 6}
_START = "Current configuration:"


def parse(device: str, text: str) -> Config:
    """Understand a running configuration. Raises ParseFailed."""
    before, start, body = text.replace("\r", "").partition(f"{_START}\n")
    lines = body.rstrip().split("\n")
    if not start or "\n" in before.strip() or lines[-1] != "end":
        raise ParseFailed(
            device,
            "the running configuration does not come whole: it has no beginning, or no `end`",
        )
    reading = _Reading(device)
    for line in lines[:-1]:
        reading.line(line)
    return reading.config()


class _Reading:
    """One text, line by line."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._lists: dict[Object, list[str]] = {}
        self._maps: dict[str, list[MapEntry]] = {}
        self._peers: dict[str, Peer] = {}
        self._groups: set[str] = set()
        self._bound: dict[Binding, str] = {}
        self._filtered: set[Binding] = set()
        self._strict = True
        self._router = ""
        self._hold = False
        self._section = ""
        self._family = 0

    def config(self) -> Config:
        """What was read."""
        return Config(
            self._router,
            {thing: tuple(texts) for thing, texts in self._lists.items()},
            {name: tuple(entries) for name, entries in self._maps.items()},
            self._peers,
            frozenset(self._groups),
            self._bound,
            self._hold,
            self._owner(),
            self._strict,
            frozenset(self._filtered),
        )

    def line(self, line: str) -> None:
        """One more."""
        if line.startswith(" "):
            self._inside(line.strip())
            return
        if not line or line.startswith("!"):
            return
        self._hold = self._hold or _HOLD.match(line) is not None
        self._section = ""
        found = _LIST.match(line)
        if found is not None:
            self._listed(Object(found[1], found[2]), found[4])
            return
        described = _DESCRIBED.match(line)
        if described is not None:
            # A list may have nothing but this: then it matches everything.
            self._lists.setdefault(Object(described[1], described[2]), [])
            return
        self._head(line)

    def _head(self, line: str) -> None:
        named = _MAP.match(line)
        if named is not None:
            self._section = named[1]
            entry = MapEntry(named[2], int(named[3]))
            self._maps.setdefault(named[1], []).append(entry)
        elif _ROUTER.match(line):
            self._section, self._router, self._family = "router", line, 0
        elif line == _DATACENTER:
            self._strict = False
        elif " ENF-" in line and not _IGNORED.match(line):
            raise self._unknown(line)

    def _listed(self, thing: Object, text: str) -> None:
        right = _PATH if thing.kind == PATHS else _ENTRY
        if ours(thing.name) and not right.match(text):
            raise self._unknown(f"{thing.text} {text}")
        self._lists.setdefault(thing, []).append(text)

    def _inside(self, line: str) -> None:
        if self._section == "router":
            self._of_router(line)
        elif self._section:
            entries = self._maps[self._section]
            entries[-1] = entries[-1]._replace(lines=(*entries[-1].lines, line))

    def _of_router(self, line: str) -> None:
        entered = _FAMILY.match(line)
        if entered is not None:
            unicast = entered[2] in (None, "unicast")
            self._family = _FAMILIES.get(entered[1], -1) if unicast else -1
        elif line == "exit-address-family":
            self._family = 0
        elif line.removeprefix("no ") == _STRICT:
            self._strict = line == _STRICT
        words = line.split(" ")
        if words[0] == "neighbor" and len(words) > 2:
            self._of_neighbor(words[1], words[2:], line)

    def _of_neighbor(self, name: str, words: list[str], line: str) -> None:
        if words[0] == "route-map":
            if len(words) != 3 or words[2] not in ("in", "out") or not self._family:
                raise self._unknown(line)
            if self._family > 0:
                self._bound[Binding(_spelt(name), self._family, words[2])] = words[1]
        elif words[0] in _POLICIES and self._family > 0:
            # The last word says which way; an unsuppress-map is for what is sent.
            way = words[-1] if words[-1] in ("in", "out") else "out"
            self._filtered.add(Binding(_spelt(name), self._family, way))
        elif self._family == 0:
            self._of_session(_spelt(name), words)

    def _of_session(self, name: str, words: list[str]) -> None:
        if words == ["peer-group"]:
            self._groups.add(name)
            return
        peer = self._peers.get(name, Peer())
        if words[0] == "peer-group":
            peer = peer._replace(group=words[1])
        elif words[0] == "remote-as":
            peer = peer._replace(asn=words[1])
        elif words[0] == "local-as":
            peer = peer._replace(local=words[1])
        elif words[0] == "shutdown" and words[1:2] != ["rtt"]:
            peer = peer._replace(shut=" ".join(words[2:]))
        self._peers[name] = peer

    def _owner(self) -> Owner | None:
        entries = self._maps.get(OWNER)
        if entries is None:
            return None
        for line in entries[0].lines:
            found = _OWNER.match(line)
            if found is not None:
                digest = (found[4] or "").replace("-", "")
                return Owner(found[1], int(found[2]), int(found[3] or 0), digest)
        return None

    def _unknown(self, line: str) -> ParseFailed:
        return ParseFailed(self._device, f"cannot understand {line[:200]!r}; nothing is written")


def _spelt(name: str) -> str:
    """An address in its one spelling; anything else (a peer-group, an interface) as it is."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name
