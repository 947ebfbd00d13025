# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody at a shell on the router, who changes what is ours with nft."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.soak.ruleset import Ruleset

TABLE = "inet enforcer"
EDITS = (
    *("delete element",) * 6,
    *("add element",) * 4,
    *("other timeout",) * 2,
    "flush set",
    "delete rule",
    "accept all",
    "flush chain",
    "delete table",
    "flush ruleset",
    "their own table",
)


@dataclass(frozen=True)
class Stranger:
    """Works in one network namespace."""

    namespace: str
    chance: Random

    def nft(self, *words: str, script: str = "", check: bool = True) -> str:
        """Run it; what it prints."""
        inside = ["ip", "netns", "exec", self.namespace, "nft", *words]
        done = subprocess.run(inside, input=script, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"nft {' '.join(words)} {script}: {done.stderr}")
        return done.stdout

    def listed(self) -> Ruleset:
        """Everything of ours that stands there; a table that is not there is empty."""
        out = self.nft("-j", "list", "table", *TABLE.split(), check=False)
        return Ruleset(out or '{"nftables": []}')

    def edit(self) -> tuple[str, str]:
        """Change something: which kind of change it was, and nft's words; "" nothing fitted."""
        kind = self.chance.choice(EDITS)
        script = self._script(kind, self.listed())
        if script:
            # The device may change meanwhile: an edit that comes too late is none.
            self.nft("-f", "-", script=script, check=False)
        return (kind if script else "", script)

    def _script(self, kind: str, seen: Ruleset) -> str:
        """The words for one kind of edit; "" where there is nothing to edit."""
        if "element" in kind or "timeout" in kind or kind == "flush set":
            return self._about_elements(kind, seen)
        whole = {
            "accept all": f"insert rule {TABLE} blocks accept" if "blocks" in seen.rules else "",
            "flush chain": f"flush chain {TABLE} blocks" if "blocks" in seen.rules else "",
            "delete rule": self._without_rule(seen),
            "delete table": f"delete table {TABLE}" if seen.rules else "",
            "flush ruleset": "flush ruleset",
            "their own table": f"add table inet operator{self.chance.randrange(100)}",
        }
        return whole[kind]

    def _about_elements(self, kind: str, seen: Ruleset) -> str:
        timed = [n for n, flags in seen.flags.items() if "timeout" in flags]
        if kind == "add element":
            return self._added(self.chance.choice(timed)) if timed else ""
        filled = [(n, e) for n, some in seen.sets.items() for e in some if n != "owner_mark"]
        if not filled:
            return ""
        name, element = self.chance.choice(filled)
        if kind == "flush set":
            return f"flush set {TABLE} {name}"
        gone = f"delete element {TABLE} {name} {{ {element.text} }}"
        if kind == "delete element":
            return gone
        if name not in timed:
            return ""
        return f"{gone}\nadd element {TABLE} {name} {{ {element.text} timeout 7777s }}"

    def _added(self, name: str) -> str:
        """An element that nobody ordered, of the family of the set."""
        listed = json.loads(
            self.nft("-j", "list", "set", *TABLE.split(), name, check=False) or "{}"
        )
        kinds = [e["set"]["type"] for e in listed.get("nftables", []) if "set" in e]
        stray = {"ipv4_addr": "198.51.100.", "ipv6_addr": "2001:db8:bad::"}
        if not kinds or kinds[0] not in stray:
            return ""
        last = self.chance.randrange(64, 96)
        text = f"{stray[kinds[0]]}{last if kinds[0] == 'ipv4_addr' else f'{last - 64:x}'}"
        return f"add element {TABLE} {name} {{ {text} }}"

    def _without_rule(self, seen: Ruleset) -> str:
        rules = [r for some in seen.rules.values() for r in some]
        if not rules:
            return ""
        rule: dict[str, Any] = self.chance.choice(rules)
        return f"delete rule {TABLE} {rule['chain']} handle {rule['handle']}"
