# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the operator's export policies would tell others of our discard routes. Pure.

BGP, OSPF and IS-IS export no static route by themselves; a policy that accepts static routes, or
everything, without looking at their tag exports ours too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drivers.juniper_junos.names import STATEMENTS
from drivers.juniper_junos.sleeping import covers

_OTHERS = {"protocol", "tag"}
_FINAL = {"accept", "reject"}


@dataclass
class _Term:
    """Conditions by their kind, and what is done."""

    conditions: dict[str, set[str]] = field(default_factory=dict)
    actions: list[str] = field(default_factory=list)

    def takes(self, tag: int) -> bool:
        """Whether our routes match, as far as that can be seen: prefixes are not looked at."""
        tags, protocols = self.conditions.get("tag"), self.conditions.get("protocol")
        if tags is not None:
            return str(tag) in tags and (protocols is None or "static" in protocols)
        return not self.conditions.keys() - _OTHERS and (protocols is None or "static" in protocols)


def exporting(
    statements: Iterable[str],
    chains: Mapping[str, Sequence[str]],
    inactive: Sequence[str],
    tag: int,
) -> tuple[str, ...]:
    """The export chains that take discard routes with our tag, sorted.

    `statements`: the operator's policies, as after ``set``; `chains`: by path the policies there.
    """
    awake = [line for line in statements if not any(covers(top, line) for top in inactive)]
    policies = _policies(awake)
    return tuple(
        path
        for path, names in sorted(chains.items())
        if path.endswith(" export")
        and not any(covers(top, path) for top in inactive)
        and _exports((term for name in names for term in policies.get(name, ())), tag)
    )


def _policies(statements: Iterable[str]) -> dict[str, list[_Term]]:
    """The terms of each policy in their order; what stands in none is the last one."""
    found: dict[str, dict[str, _Term]] = {}
    for line in statements:
        words = line.removeprefix(f"{STATEMENTS} ").split(" ")
        terms, rest, name = found.setdefault(words[0], {}), words[1:], ""
        if rest[:1] == ["term"] and len(rest) > 1:
            name, rest = rest[1], rest[2:]
        term = terms.setdefault(name, _Term())
        if rest[:1] == ["from"] and len(rest) > 1:
            term.conditions.setdefault(rest[1], set()).update(rest[2:])
        elif rest[:1] == ["then"]:
            term.actions.append(" ".join(rest[1:]))
        elif rest[:1] == ["to"]:
            term.conditions.setdefault("to", set())
    return {name: list(_last_unnamed(terms)) for name, terms in found.items()}


def _last_unnamed(terms: Mapping[str, _Term]) -> Iterator[_Term]:
    yield from (term for name, term in terms.items() if name)
    yield from (term for name, term in terms.items() if not name)


def _exports(terms: Iterable[_Term], tag: int) -> bool:
    """What the first term that takes them, and decides, says."""
    for term in terms:
        decided = _FINAL.intersection(term.actions)
        if decided and term.takes(tag):
            # Whoever accepts our very tag means it.
            return "accept" in decided and "tag" not in term.conditions
    return False
