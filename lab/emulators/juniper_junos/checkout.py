# SPDX-License-Identifier: GPL-2.0-or-later
"""What a commit of the emulated Junos complains about before it takes effect.

Live texts: the layout, `configuration check-out failed`, the suffix `(missing mandatory
statements)`, the licence warning, `Policy X referenced but not defined` with `BGP: import list
not applied`. GUESS: the wording of the other complaints, not that they exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from lab.emulators.faults import FaultPlan
from lab.emulators.juniper_junos.as_paths import is_expression
from lab.emulators.juniper_junos.nodes import Node
from lab.emulators.juniper_junos.options import JunosOptions

LISTS = ("prefix-list", "source-prefix-list", "destination-prefix-list")
BINDINGS = ("input", "input-list", "input-chain", "output", "output-list", "output-chain")
LIST_LIMIT = 16  # filters in an input-list or output-list [Juniper, filter lists]


@dataclass(frozen=True)
class Complaint:
    """One finding: where, at which statement, what; a warning does not stop the commit."""

    path: str
    statement: str
    text: str
    warning: bool = False
    mandatory: bool = False

    def lines(self) -> list[str]:
        """As Junos prints it."""
        where = f"[edit {self.path}]" if self.path else "[edit]"
        text = f"warning: {self.text}" if self.warning else self.text
        return [where, f"  '{self.statement}'", *(f"    {line}" for line in text.split("\n"))]


def complaints(root: Node, options: JunosOptions, faults: FaultPlan) -> list[Complaint]:
    """Everything wrong with the active statements of `root`, in the order it is printed."""
    found = [*_mandatory(root, options), *_bindings(root, options), *_filters(root, options)]
    found += [*_policies(root), *_neighbors(root), *_licences(root, options)]
    if faults.limits_entries() and faults.is_full(filter_entries(root)):
        found.append(Complaint("", "firewall", "Filter space exhausted: resource not available"))
    return found


def _mandatory(root: Node, options: JunosOptions) -> Iterator[Complaint]:
    if options.requires_root_authentication and not root.get("system", "root-authentication"):
        text = "Missing mandatory statement: 'root-authentication'"
        yield Complaint("", "system", text, mandatory=True)


def _licences(root: Node, options: JunosOptions) -> Iterator[Complaint]:
    protocols = root.get("protocols")
    free = protocols.children.get(("", "ospf")) if protocols else None
    if not options.licensed and free is not None and not free.inactive:
        yield Complaint("protocols", "ospf", "requires 'OSPF' license", warning=True)


def families(root: Node) -> Iterator[tuple[str, Node, str, Node]]:
    """Interface, unit, family name and family of every active logical interface."""
    interfaces = root.get("interfaces")
    for interface in interfaces.listed("") if interfaces else ():
        for unit in interface.listed("unit"):
            for family in unit.listed("family"):
                yield interface.key[0], unit, family.key[0], family


def filter_named(root: Node, family: str, name: str) -> Node | None:
    """The active filter `name` of `family`; `firewall filter` counts as inet."""
    firewall = root.get("firewall")
    if firewall is None:
        return None
    found = firewall.get(("family", family), ("filter", name))
    return firewall.get(("filter", name)) if found is None and family == "inet" else found


def _bindings(root: Node, options: JunosOptions) -> Iterator[Complaint]:
    for interface, unit, family, node in families(root):
        bound = node.get("filter")
        if bound is None:
            continue
        path = f"interfaces {interface} unit {unit.key[0]} family {family} filter"
        for name in BINDINGS:
            values = bound.several(name)
            if name.endswith("chain") and values and not options.has_filter_chains:
                yield Complaint(path, name, "filter chains are not supported on this platform")
            if name.endswith("list") and len(values) > LIST_LIMIT:
                yield Complaint(path, name, f"more than {LIST_LIMIT} filters in a list")
            for value in values:
                if filter_named(root, family, value) is None:
                    text = f"Referenced filter '{value}' is not defined"
                    yield Complaint(path.removesuffix(" filter"), "filter", text)
        for name in ("input", "output"):
            if bound.get(name) and bound.get(f"{name}-list"):
                text = f"mutually exclusive with '{name}-list'"
                yield Complaint(path, name, text)


def all_filters(root: Node) -> Iterator[tuple[str, str, Node]]:
    """Path, family and node of every active filter, in the order shown."""
    firewall = root.get("firewall")
    if firewall is None:
        return
    for family in firewall.listed("family"):
        for node in family.listed("filter"):
            name = family.key[0]
            yield f"firewall family {name} filter {node.key[0]}", name, node
    for node in firewall.listed("filter"):
        yield f"firewall filter {node.key[0]}", "inet", node


def _filters(root: Node, options: JunosOptions) -> Iterator[Complaint]:
    for path, family, node in all_filters(root):
        terms = list(node.listed("term"))
        if not terms:
            yield Complaint(path, "filter", "filter has no terms")
        for term in terms:
            yield from _conditions(root, family, f"{path} term {term.key[0]}", term)
        if options.evolved and terms and terms[-1].get("then", "next"):
            where = f"{path} term {terms[-1].key[0]} then"
            yield Complaint(where, "next", "next term is not allowed in the last term")


def _conditions(root: Node, family: str, path: str, term: Node) -> Iterator[Complaint]:
    conditions = term.get("from")
    if conditions is None:
        return
    for name in LISTS:
        group = conditions.get(name)
        for entry in group.listed("") if group else ():
            if root.get("policy-options", ("prefix-list", entry.key[0])) is None:
                text = f"Referenced prefix-list '{entry.key[0]}' is not defined"
                yield Complaint(f"{path} from", name, text)
    version = {"inet": 4, "inet6": 6}.get(family)
    for name in ("address", "source-address", "destination-address"):
        group = conditions.get(name)
        for entry in group.listed("") if group else ():
            if version and ip_network(entry.key[0]).version != version:
                text = f"invalid address '{entry.key[0]}' in a filter of family {family}"
                yield Complaint(f"{path} from", name, text)


_NAMED_IN_POLICIES = ("prefix-list", "prefix-list-filter", "route-filter-list")
_PATHS_IN_POLICIES = ("as-path", "as-path-group")


def _policies(root: Node) -> Iterator[Complaint]:
    options = root.get("policy-options")
    for policy in options.listed("policy-statement") if options else ():
        path = f"policy-options policy-statement {policy.key[0]}"
        for term in (policy, *policy.listed("term")):
            conditions = term.get("from")
            for kind, name in _names(conditions) if conditions is not None else ():
                if options and options.get((kind, name)) is None:
                    text = f"Policy error: {kind} {name} referenced but not defined"
                    yield Complaint(path, "from", text)
    yield from _paths(root)


def _names(conditions: Node) -> Iterator[tuple[str, str]]:
    """The kind and name of everything that a policy's `from` refers to."""
    for kind in _NAMED_IN_POLICIES:
        defined = kind.removesuffix("-filter")
        yield from ((defined, entry.key[0]) for entry in conditions.listed(kind))
    for kind in _PATHS_IN_POLICIES:
        yield from ((kind, name) for name in conditions.several(kind))


def _paths(root: Node) -> Iterator[Complaint]:
    """AS path expressions that cannot be read; the text is a GUESS."""
    options = root.get("policy-options")
    if options is None:
        return
    found = [("policy-options", one) for one in options.listed("as-path")]
    for group in options.listed("as-path-group"):
        path = f"policy-options as-path-group {group.key[0]}"
        found += [(path, one) for one in group.listed("as-path")]
    for path, one in found:
        for expression in one.listed(""):
            if not is_expression(expression.key[0]):
                text = f"Policy error: invalid as-path regular expression {expression.key[0]}"
                yield Complaint(path, f"as-path {one.key[0]}", text)


def _neighbors(root: Node) -> Iterator[Complaint]:
    bgp = root.get("protocols", "bgp")
    if bgp is None:
        return
    places = [("protocols bgp", bgp)]
    for group in bgp.listed("group"):
        path = f"protocols bgp group {group.key[0]}"
        places.append((path, group))
        places += [(f"{path} neighbor {n.key[0]}", n) for n in group.listed("neighbor")]
    for path, node in places:
        for direction in ("import", "export"):
            for name in node.several(direction):
                if root.get("policy-options", ("policy-statement", name)) is None:
                    text = f"Policy error: Policy {name} referenced but not defined"
                    applied = f"BGP: {direction} list not applied"
                    yield Complaint(path, direction, f"{text}\n{applied}")


def filter_entries(root: Node) -> int:
    """How many entries the filters take in the forwarding engine: the addresses of every term."""
    entries = 0
    for _path, _family, node in all_filters(root):
        for term in node.listed("term"):
            conditions = term.get("from")
            count = 0
            for name in LISTS:
                group = conditions.get(name) if conditions else None
                for entry in group.listed("") if group else ():
                    members = root.get("policy-options", ("prefix-list", entry.key[0]))
                    count += len(members.children) if members else 0
            entries += max(1, count)
    return entries
