# SPDX-License-Identifier: GPL-2.0-or-later
"""The difference between the structure found and the structure wanted, and what mends it. Pure.

All edits of one difference make one transaction, in this order: rules that must go, sets, maps
and chains that must go, what must be added, rules last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drivers.nftables.commands import chain_text, jumps_text, ranges_text, set_text, span_text
from drivers.nftables.model import ChainSpec, Found, RuleSpec, SetSpec, Spec
from drivers.nftables.names import TABLE, is_member_name
from drivers.nftables.netlink import encode, maps, objects
from drivers.nftables.netlink.attributes import Message
from drivers.nftables.netlink.columns import NewElements, SetRef
from drivers.nftables.netlink.constants import NFT_SET_INTERVAL, NFT_SET_MAP
from drivers.nftables.netlink.definitions import RuleFacts
from enforcer.core.drift import Finding, FindingKind
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Members

MISSING, EXTRA, ALTERED = FindingKind.MISSING, FindingKind.EXTRA, FindingKind.ALTERED


@dataclass(frozen=True, eq=False, slots=True)
class Edit:
    """One step: what was wrong, what a person would type, what the kernel gets."""

    kind: FindingKind
    what: str
    text: str
    messages: tuple[Message, ...]
    detail: str = ""

    def finding(self) -> Finding:
        """The difference, without its remedy."""
        return Finding(self.kind, self.what, self.detail)


def set_ref(spec: SetSpec) -> SetRef:
    """How the elements of a set are addressed."""
    made = spec.definition
    return SetRef(TABLE, made.name, made.key_bytes, bool(made.flags & NFT_SET_INTERVAL))


def edits(found: Found, spec: Spec, keep_old: bool = False) -> tuple[Edit, ...]:
    """What makes `found` into `spec`; empty: it is.

    `keep_old`: leave sets, chains and rules that have names of our kind, wanted or not: they
    may still be enforcing what is being laid out anew.
    """
    return tuple(_Comparison(found, spec, keep_old).edits())


class _Comparison:
    def __init__(self, found: Found, spec: Spec, keep_old: bool) -> None:
        self.found = found
        self.spec = spec
        self.keep_old = keep_old
        self.replaced_sets = {
            name
            for name, wanted in spec.sets.items()
            if name in found.sets and found.sets[name] != wanted.definition
        }
        self.replaced_chains = {
            name
            for name, wanted in spec.chains.items()
            if name in found.chains and found.chains[name] != wanted.facts
        }
        gone = self.replaced_chains
        for name, jumps in found.jumps.items():
            if any(jump.chain in gone for jump in jumps):
                self.replaced_sets.add(name)

    def edits(self) -> Iterator[Edit]:
        if self.found.flags is None:
            text = f"add table inet {TABLE}"
            yield Edit(MISSING, f"table inet {TABLE}", text, (objects.add_table(TABLE),))
        elif self.found.flags:
            yield self._wake()
        lines = [self._chain_lines(chain) for chain in self.spec.chains.values()]
        for chain in self.found.rules:
            if chain not in self.spec.chains and not self._kept(chain):
                yield from self._drop_rules(chain, self.found.rules[chain], EXTRA)
        for going, _ in lines:
            yield from going
        yield from self._dropped()
        yield from self._added()
        for _, coming in lines:
            yield from coming

    def _wake(self) -> Edit:
        text = f"add table inet {TABLE}"
        detail = f"flags {self.found.flags:#x}"
        return Edit(ALTERED, f"table inet {TABLE}", text, (objects.add_table(TABLE),), detail)

    def _kept(self, name: str) -> bool:
        known = name in self.spec.sets or name in self.spec.chains
        return self.keep_old and not known and is_member_name(name)

    # -- rules ---------------------------------------------------------------------------

    def _chain_lines(self, wanted: ChainSpec) -> tuple[list[Edit], list[Edit]]:
        """Rules of one chain that must go, and rules that must come."""
        name = wanted.facts.name
        there = self.found.rules.get(name, ())
        if any(not rule.handle for rule in there):
            return self._by_place(wanted, there)
        if name in self.replaced_chains:
            return list(self._drop_rules(name, there, ALTERED)), list(self._append(wanted))
        matched = _match(there, wanted.rules)
        held = [matched[i].handle for i in sorted(matched)]
        known = set(held)
        if held != [r.handle for r in there if r.handle in known]:
            what = f"order of the rules in chain {name}"
            going = [*self._drop_rules(name, there, ALTERED, what)]
            return going, [*self._append(wanted, ALTERED, what)]
        stale = {r.handle for r in matched.values() if self._refers_to_replaced(r)}
        fine = known - stale
        going = [
            edit
            for rule in there
            if rule.handle not in fine and not self._is_old(rule)
            for edit in self._drop_rules(name, (rule,), ALTERED if rule.handle in stale else EXTRA)
        ]
        kept = {i: r for i, r in matched.items() if r.handle not in stale}
        return going, list(self._insert(wanted, kept))

    def _by_place(
        self, wanted: ChainSpec, there: tuple[RuleFacts, ...]
    ) -> tuple[list[Edit], list[Edit]]:
        """Rules of a chain that no kernel has told of yet: they have a place, but no handle."""
        name, matched = wanted.facts.name, _match(there, wanted.rules)
        gone = [rule for rule in there if rule not in matched.values() and not self._is_old(rule)]
        if gone or any(map(self._refers_to_replaced, there)) or name in self.replaced_chains:
            return [_flush(name, ALTERED)], list(self._append(wanted))
        coming = [i for i in range(len(wanted.rules)) if i not in matched]
        return [], [self._add_at(name, wanted.rules[i], i) for i in coming]

    def _add_at(self, chain: str, rule: RuleSpec, place: int) -> Edit:
        text = f"insert rule inet {TABLE} {chain}"
        if place:
            text = f"add rule inet {TABLE} {chain} index {place - 1}"
        message = objects.add_rule(TABLE, chain, rule.expressions)
        what = f"rule in chain {chain}: {rule.text}"
        return Edit(MISSING, what, f"{text} {rule.text}", (message,))

    def _refers_to_replaced(self, rule: RuleFacts) -> bool:
        return any(
            (e.name == "lookup" and e.texts(1) in self.replaced_sets)
            or e.target() in self.replaced_chains
            for e in rule.expressions
        )

    def _is_old(self, rule: RuleFacts) -> bool:
        """A rule of ours about sets or chains that are to stay for now."""
        return any(
            self._kept(name)
            for e in rule.expressions
            for name in ((e.texts(1),) if e.name == "lookup" else (e.target(),))
            if name
        )

    def _insert(self, wanted: ChainSpec, held: dict[int, RuleFacts]) -> Iterator[Edit]:
        before: int | None = None
        coming: list[Edit] = []
        for i in reversed(range(len(wanted.rules))):
            if i in held:
                before = held[i].handle
            else:
                coming.append(self._add_rule(wanted.facts.name, wanted.rules[i], before))
        # Each is put right before the same neighbour: the first one wanted comes first.
        coming.reverse()
        yield from coming

    def _append(
        self, wanted: ChainSpec, kind: FindingKind = MISSING, what: str = ""
    ) -> Iterator[Edit]:
        for rule in wanted.rules:
            yield self._add_rule(wanted.facts.name, rule, None, kind, what)

    def _add_rule(
        self,
        chain: str,
        rule: RuleSpec,
        before: int | None,
        kind: FindingKind = MISSING,
        what: str = "",
    ) -> Edit:
        place = f"insert rule inet {TABLE} {chain} position {before}"
        text = f"add rule inet {TABLE} {chain}" if before is None else place
        message = objects.add_rule(TABLE, chain, rule.expressions, before)
        named = what or f"rule in chain {chain}: {rule.text}"
        return Edit(kind, named, f"{text} {rule.text}", (message,))

    def _drop_rules(
        self, chain: str, rules: Iterable[RuleFacts], kind: FindingKind, what: str = ""
    ) -> Iterator[Edit]:
        known = tuple(rules)
        if not all(rule.handle for rule in known):
            yield _flush(chain, kind)
            return
        for rule in known:
            text = f"delete rule inet {TABLE} {chain} handle {rule.handle}"
            message = objects.delete_rule(TABLE, chain, rule.handle)
            yield Edit(
                kind, what or f"rule in chain {chain}: handle {rule.handle}", text, (message,)
            )

    # -- sets, maps, chains, objects -------------------------------------------------------

    def _dropped(self) -> Iterator[Edit]:
        maps_first = sorted(self.found.sets, key=lambda n: (n not in self.found.jumps, n))
        for name in maps_first:
            wanted = name in self.spec.sets
            if name in self.replaced_sets or not (wanted or self._kept(name)):
                kind = ALTERED if wanted else EXTRA
                noun = "map" if self.found.sets[name].flags & NFT_SET_MAP else "set"
                text = f"delete {noun} inet {TABLE} {name}"
                yield Edit(kind, f"set {name}", text, (objects.delete_set(TABLE, name),))
        for name in sorted(self.found.chains):
            wanted = name in self.spec.chains
            if name in self.replaced_chains or not (wanted or self._kept(name)):
                kind = ALTERED if wanted else EXTRA
                text = f"delete chain inet {TABLE} {name}"
                yield Edit(kind, f"chain {name}", text, (objects.delete_chain(TABLE, name),))
        for extra in self.found.objects:
            kind_text = "flowtable" if not extra.kind else f"object of type {extra.kind}"
            text = f"# delete {kind_text} {extra.name} of table inet {TABLE}"
            message = objects.delete_object(TABLE, extra)
            yield Edit(EXTRA, f"{kind_text} {extra.name}", text, (message,))

    def _added(self) -> Iterator[Edit]:
        for number, (name, wanted) in enumerate(self.spec.sets.items(), 1):
            if name not in self.found.sets or name in self.replaced_sets:
                message = objects.add_set(TABLE, wanted.definition, number)
                yield Edit(
                    _kind(name, self.found.sets), f"set {name}", set_text(wanted), (message,)
                )
                continue
            if name in self.found.stars:
                yield self._star(wanted)
            if name in self.found.strays:
                yield self._astray(wanted, self.found.strays[name])
        for name, chain in self.spec.chains.items():
            if name not in self.found.chains or name in self.replaced_chains:
                message = objects.add_chain(TABLE, chain.facts)
                kind = _kind(name, self.found.chains)
                yield Edit(kind, f"chain {name}", chain_text(chain.facts), (message,))
        for name, wanted in self.spec.sets.items():
            yield from self._content(name, wanted)

    def _star(self, wanted: SetSpec) -> Edit:
        name = wanted.definition.name
        text = f"delete element inet {TABLE} {name} {{ * }}"
        message = encode.delete_catch_all(set_ref(wanted))
        return Edit(EXTRA, f"element * in set {name}", text, (message,))

    def _astray(self, wanted: SetSpec, members: Members) -> Edit:
        """They go before anything is written that they might stand in the way of."""
        made, rows = wanted.definition, list(members.rows())
        spans = ", ".join(span_text(made.key_bytes, row[0], row[1]) for row in rows)
        text = f"delete element inet {TABLE} {made.name} {{ {spans} }}"
        gone = encode.delete_elements(set_ref(wanted), NewElements(members.first, members.last))
        what = f"{len(rows)} elements in set {made.name} that belong into another"
        return Edit(EXTRA, what, text, tuple(gone))

    def _content(self, name: str, wanted: SetSpec) -> Iterator[Edit]:
        fresh = name not in self.found.sets or name in self.replaced_sets
        target, messages, text = set_ref(wanted), [], ""
        if wanted.ranges is not None:
            if not fresh and self.found.ranges.get(name) == wanted.ranges:
                return
            rows = Ranges.of(wanted.ranges)
            messages = list(encode.add_elements(target, NewElements(rows.first, rows.last)))
            text = ranges_text(wanted)
        elif wanted.jumps is not None:
            if not fresh and self.found.jumps.get(name) == wanted.jumps:
                return
            messages, text = list(maps.add_jumps(target, wanted.jumps)), jumps_text(wanted)
        else:
            return
        if not fresh:
            messages.insert(0, encode.flush_elements(target))
            text = f"flush set inet {TABLE} {name}\n{text}"
        kind = MISSING if fresh else ALTERED
        yield Edit(kind, f"elements of set {name}", text, tuple(messages))


def _flush(chain: str, kind: FindingKind) -> Edit:
    text = f"flush chain inet {TABLE} {chain}"
    return Edit(kind, f"rules in chain {chain}", text, (objects.delete_rules(TABLE, chain),))


def _kind(name: str, there: Iterable[str]) -> FindingKind:
    return ALTERED if name in there else MISSING


def _match(there: Iterable[RuleFacts], wanted: Iterable[RuleSpec]) -> dict[int, RuleFacts]:
    """Which wanted rule (by index) is which one found; each found one at most once."""
    free: dict[object, list[RuleFacts]] = {}
    for rule in there:
        free.setdefault(rule.expressions, []).append(rule)
    matched: dict[int, RuleFacts] = {}
    for index, spec in enumerate(wanted):
        candidates = free.get(spec.expressions)
        if candidates:
            matched[index] = candidates.pop(0)
    return matched
