# SPDX-License-Identifier: GPL-2.0-or-later
"""An export as a script for ``nft -f``: a table of its own that drops what is enforced.

The table is replaced as a whole in one transaction. Each rule has a chain in which its own
exceptions return, so an exception is never seen by another rule. Ends are not carried: the
script is what was enforced at one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from enforcer.core.intervals import Ranges
from enforcer.core.naming import rule_text
from enforcer.core.rules import Exempt, Key, Members, Rule, Service
from enforcer.core.services import WITH_PORTS
from enforcer.usecases.export_rows import Enforced, address, pairs

TABLE = "inet enforcer_export"
_PRIORITY = -10
_END = {Key.SOURCE: "saddr", Key.DESTINATION: "daddr"}
_OTHER = {Key.SOURCE: "daddr", Key.DESTINATION: "saddr"}
_INTERFACE = {Key.INPUT_INTERFACE: "iifname", Key.OUTPUT_INTERFACE: "oifname"}
_UNSEEN = {"input": Key.OUTPUT_INTERFACE, "output": Key.INPUT_INTERFACE}
"""What a packet does not have in a hook."""
_PORTS = ", ".join(map(str, sorted(WITH_PORTS)))


def of_list(name: str, v4: Ranges, v6: Ranges) -> Iterator[str]:
    """Drops everything from and to the addresses of a list; the ranges are canonical."""
    parts = [
        Enforced(name, Rule(family, key), _members(ranges))
        for family, ranges in ((4, v4), (6, v6))
        for key in (Key.SOURCE, Key.DESTINATION)
        if len(ranges)
    ]
    return script(parts, ("forward", "input", "output"))


def _members(ranges: Ranges) -> Members:
    none = Members.none()
    return Members(ranges.first, ranges.last, none.end, none.order)


def script(every: Sequence[Enforced], hooks: Iterable[str]) -> Iterator[str]:
    """The lines of the script; `parts` of one device, or of a list.

    What is no rule about packets (interfaces that are shut down, routes) is left out, and said.
    """
    yield from (f"# left out: {rule_text(one.rule)}" for one in every if not _matches(one.rule))
    parts = [one for one in every if _matches(one.rule)]
    yield f"add table {TABLE}"
    yield f"delete table {TABLE}"
    yield f"table {TABLE} {{"
    for part in parts:
        yield from _set(part)
        yield from _chain(part.rule)
    for hook in sorted(hooks):
        yield f"\tchain {hook} {{"
        yield f"\t\ttype filter hook {hook} priority {_PRIORITY}; policy accept;"
        for part in parts:
            if part.rule.key is not _UNSEEN.get(hook):
                yield f"\t\t{match(part.rule)} jump {_chain_name(part.rule)}"
        yield "\t}"
    yield "}"
    for part in parts:
        yield from _elements(part)


def _matches(rule: Rule) -> bool:
    return rule.key in _END or rule.key in _INTERFACE


def _set_name(rule: Rule) -> str:
    return f"set_{rule.digest}"


def _chain_name(rule: Rule) -> str:
    return f"rule_{rule.digest}"


def _set(part: Enforced) -> Iterator[str]:
    rule = part.rule
    kind = "ifname" if rule.by_interface else f"ipv{rule.family}_addr"
    flags = "" if rule.by_interface else " flags interval;"
    yield f"\tset {_set_name(rule)} {{ type {kind};{flags} }}"


def _chain(rule: Rule) -> Iterator[str]:
    yield f"\tchain {_chain_name(rule)} {{"
    for exempt in rule.exempt:
        for end, port in (("daddr", "dport"), ("saddr", "sport")):
            yield f"\t\t{_exempt(rule.family, exempt, end, port)} return"
    yield "\t\tdrop"
    yield "\t}"


def match(rule: Rule) -> str:
    """The packets that the rule is about, exceptions aside."""
    ip = _ip(rule.family)
    if rule.by_interface:
        words = f"meta nfproto ipv{rule.family} {_INTERFACE[rule.key]} @{_set_name(rule)}"
    else:
        words = f"{ip} {_END[rule.key]} @{_set_name(rule)}"
        if rule.peers is not None:
            peers = ", ".join(_range(rule.family, *pair) for pair in rule.peers)
            words += f" {ip} {_OTHER[rule.key]} {{ {peers} }}"
    return words + (_service(rule.service) if rule.service else "")


def _service(service: Service) -> str:
    words = f" meta l4proto {service.protocol}"
    for end, ports in (("sport", service.source_ports), ("dport", service.destination_ports)):
        if ports is not None:
            words += f" th {end} {_ports(ports)}"
    return words


def _exempt(family: int, exempt: Exempt, end: str, port: str) -> str:
    words = f"{_ip(family)} {end} {_range(family, exempt.first, exempt.last)}"
    if exempt.protocol is not None:
        words += f" meta l4proto {exempt.protocol}"
    elif exempt.ports is not None:
        words += f" meta l4proto {{ {_PORTS} }}"
    return words + (f" th {port} {_ports(exempt.ports)}" if exempt.ports is not None else "")


def _elements(part: Enforced) -> Iterator[str]:
    name = f"add element {TABLE} {_set_name(part.rule)}"
    if part.interfaces:
        yield f"{name} {{ {', '.join(_quoted(one.name) for one in part.interfaces)} }}"
    for some in pairs(Ranges(part.members.first, part.members.last)):
        yield f"{name} {{ {', '.join(_range(part.rule.family, *pair) for pair in some)} }}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _ip(family: int) -> str:
    return "ip" if family == 4 else "ip6"


def _range(family: int, first: int, last: int) -> str:
    if first == last:
        return address(family, first)
    return f"{address(family, first)}-{address(family, last)}"


def _ports(ports: tuple[int, int]) -> str:
    first, last = ports
    return str(first) if first == last else f"{first}-{last}"
