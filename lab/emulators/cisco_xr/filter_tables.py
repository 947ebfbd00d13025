# SPDX-License-Identifier: GPL-2.0-or-later
"""`show access-lists` with match counters, and the counters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lab.emulators.cisco_xr.tree import Node
from lab.emulators.cisco_xr.view import View


@dataclass(frozen=True)
class Hit:
    """Where packets met an entry. `line` is in it: an entry that changes starts from zero."""

    version: int
    name: str
    line: str
    interface: str
    side: str


@dataclass
class HitCounters:
    """Packets by entry, interface and direction; they survive edits of other entries."""

    counts: Counter[Hit] = field(default_factory=Counter)

    def keep(self, view: View) -> None:
        """Forget the counters of entries that are gone."""
        for hit in list(self.counts):
            block = view.top.get(f"ipv{hit.version} access-list {hit.name}")
            entry = None if block is None else block.get(hit.line.split()[0])
            if entry is None or entry.line != hit.line:
                del self.counts[hit]

    def clear(self, version: int, name: str) -> None:
        """`clear access-list ipv4 NAME`."""
        for hit in list(self.counts):
            if (hit.version, hit.name) == (version, name):
                del self.counts[hit]

    def total(self, version: int, name: str, line: str, side: str = "", interface: str = "") -> int:
        """Packets that met an entry; empty `side` or `interface`: all."""
        return sum(
            count
            for hit, count in self.counts.items()
            if (hit.version, hit.name, hit.line) == (version, name, line)
            and side in ("", hit.side)
            and interface in ("", hit.interface)
        )


def access_lists(
    view: View,
    counters: HitCounters,
    version: int,
    name: str = "",
    *,
    side: str = "",
    interface: str = "",
) -> str:
    """`show access-lists ipv4 [NAME] [hardware SIDE [interface X]]`.

    Args:
        view: the committed configuration.
        counters: hits.
        version: 4 or 6.
        name: one list; empty: all.
        side: `ingress` or `egress`: as the hardware sees it, `(N hw matches)` [CAPTURE: ASR 9000];
            empty: `(N matches)` [GUESS].
        interface: only the hits there; needs `side`.
    """
    word = "hw matches" if side else "matches"
    lines: list[str] = []
    for block in view.top.under(f"ipv{version} access-list "):
        own = block.line.split()[-1]
        if name in ("", own):
            lines.append(block.line)
            lines += [
                f" {entry.line}{_suffix(counters, version, own, entry, side, interface, word)}"
                for entry in block.children
            ]
    return "\n".join(lines)


def _suffix(
    counters: HitCounters,
    version: int,
    name: str,
    entry: Node,
    side: str,
    interface: str,
    word: str,
) -> str:
    if not counters.counts:
        return ""
    count = counters.total(version, name, entry.line, side, interface)
    return f" ({count} {word[:-2] if count == 1 else word})" if count else ""
