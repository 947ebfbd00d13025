# SPDX-License-Identifier: GPL-2.0-or-later
"""What the filters bound to an interface of the emulated Junos do to a packet, and who counts.

Sources: a term without an action, or with only `count`, `log` and the like, accepts [Juniper,
how filters evaluate packets]; a filter ends in an implicit discard; a list is one concatenated
filter, so its implicit discard stands behind the last filter only, and its counters carry the
interface and the direction in their names [Juniper, filter lists]. GUESS: in a chain every
filter is evaluated for itself, an accepted packet goes on to the next one, and a chain comes
before the filter or list that is bound beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lab.emulators.juniper_junos.checkout import all_filters, families, filter_named
from lab.emulators.juniper_junos.matching import term_matches
from lab.emulators.juniper_junos.nodes import Node
from lab.emulators.juniper_junos.options import JunosOptions
from lab.emulators.packets import Direction, Packet

CounterName = tuple[str, str]  # the filter and the counter as `show firewall` names them
TERMINATING = ("accept", "discard", "reject")


@dataclass
class Hits:
    """Packets and bytes of one counter."""

    packets: int = 0
    octets: int = 0


@dataclass(frozen=True)
class Verdict:
    """What happened: whether it passed, and which counters counted it."""

    passed: bool
    counted: tuple[CounterName, ...] = ()


@dataclass(frozen=True)
class Bound:
    """Filters bound in one direction of a logical interface, as they are evaluated.

    Attributes:
        shown: the name under which `show firewall` shows them.
        suffix: behind their counters' names; empty unless interface-specific.
        filters: names, in order.
    """

    shown: str
    suffix: str
    filters: tuple[str, ...]


def bindings(root: Node, family: Node, logical: str, direction: Direction) -> Iterator[Bound]:
    """What a packet meets on the logical interface `logical`, in order."""
    bound = family.get("filter")
    if bound is None:
        return
    word = "input" if direction == "in" else "output"
    suffix = f"-{logical}-{'i' if direction == 'in' else 'o'}"
    single = bound.value(word)
    names = [(name, True) for name in bound.several(f"{word}-chain")]
    names += [(single, False)] if single else []
    for name, _chained in names:
        node = filter_named(root, family.key[0], name)
        specific = node is not None and node.get("interface-specific") is not None
        yield Bound(name + suffix if specific else name, suffix if specific else "", (name,))
    listed = bound.several(f"{word}-list")
    if listed:
        yield Bound(suffix[1:], suffix, tuple(listed))


def evaluate(
    root: Node,
    family: Node,
    logical: str,
    direction: Direction,
    packet: Packet,
    options: JunosOptions,
) -> Verdict:
    """What the filters of `family` on `logical` do to `packet`."""
    counted: list[CounterName] = []
    for bound in bindings(root, family, logical, direction):
        verdict = _walk(root, family.key[0], bound, packet, options)
        counted += verdict.counted
        if not verdict.passed:
            return Verdict(False, tuple(counted))
    return Verdict(True, tuple(counted))


def _walk(root: Node, family: str, bound: Bound, packet: Packet, options: JunosOptions) -> Verdict:
    counted: list[CounterName] = []
    for name in bound.filters:
        node = filter_named(root, family, name)
        for term in node.listed("term") if node is not None else ():
            conditions = term.get("from")
            lenient = options.empty_list_matches
            if not term_matches(root, conditions, packet, empty_list_matches=lenient):
                continue
            then = term.get("then")
            counter = then.value("count") if then is not None else None
            if counter is not None:
                counted.append((bound.shown, counter + bound.suffix))
            if then is not None and then.get("next") is not None:
                continue
            dropped = then is not None and (then.get("discard") or then.get("reject"))
            return Verdict(not dropped, tuple(counted))
    return Verdict(False, tuple(counted))


@dataclass
class Counters:
    """Every counter of the firewall, by filter and name as `show firewall` shows them."""

    hits: dict[CounterName, Hits] = field(default_factory=dict)
    _texts: dict[str, object] = field(default_factory=dict)

    def count(self, names: tuple[CounterName, ...], packets: int, octets: int) -> None:
        """`packets` of `octets` each met these counters."""
        for name in names:
            hits = self.hits.setdefault(name, Hits())
            hits.packets += packets
            hits.octets += packets * octets

    def follow(self, root: Node, options: JunosOptions) -> None:
        """The configuration in force is now `root`: counters that are gone are forgotten.

        Counters of a filter are zeroed as `JunosOptions.counters_reset` says; all others keep
        what they counted.
        """
        texts: dict[str, object] = {}
        kept: dict[CounterName, Hits] = {}
        for shown, names, text in _instances(root, options.counters_reset == "members"):
            texts[shown] = text
            before = self._texts.get(shown)
            reset = options.counters_reset != "never" and before is not None and before != text
            for name in names:
                old = None if reset else self.hits.get((shown, name))
                kept[shown, name] = Hits() if old is None else old
        self.hits, self._texts = kept, texts


def instances(root: Node) -> list[tuple[str, list[str]]]:
    """The filters as `show firewall` lists them, each with its counters in the order shown."""
    return [(shown, names) for shown, names, _text in _instances(root, members=False)]


def _instances(root: Node, members: bool) -> Iterator[tuple[str, list[str], object]]:
    listed: set[tuple[str, str]] = set()
    concatenated = []
    for interface, unit, family, node in families(root):
        logical = f"{interface}.{unit.key[0]}"
        directions: tuple[Direction, ...] = ("in", "out")
        for direction in directions:
            for bound in bindings(root, node, logical, direction):
                if bound.suffix:
                    listed |= {(family, name) for name in bound.filters}
                    concatenated.append((family, bound))
    for _path, family, node in all_filters(root):
        if (family, node.key[0]) not in listed:
            plain = Bound(node.key[0], "", (node.key[0],))
            yield _instance(root, family, plain, members)
    for family, bound in concatenated:
        yield _instance(root, family, bound, members)


def _instance(
    root: Node, family: str, bound: Bound, members: bool
) -> tuple[str, list[str], object]:
    names: list[str] = []
    text: list[object] = [family]
    for name in bound.filters:
        node = filter_named(root, family, name)
        for term in node.listed("term") if node is not None else ():
            counter = term.value("then", "count")
            if counter is not None and counter + bound.suffix not in names:
                names.append(counter + bound.suffix)
        if node is not None:
            text.append(_text(node))
            text += _members(root, node) if members else []
    return bound.shown, sorted(names), text


def _text(node: Node) -> object:
    below = [_text(child) for child in node.shown()]
    return (node.identity, tuple(node.values), node.inactive, tuple(below))


def _members(root: Node, node: Node) -> list[object]:
    options = root.get("policy-options")
    used = {
        entry.key[0]
        for term in node.listed("term")
        for name in ("prefix-list", "source-prefix-list", "destination-prefix-list")
        if (group := term.get("from", name)) is not None
        for entry in group.listed("")
    }
    lists = options.listed("prefix-list") if options is not None else ()
    return [_text(one) for one in lists if one.key[0] in used]
