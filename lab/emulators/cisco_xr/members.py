# SPDX-License-Identifier: GPL-2.0-or-later
"""Members of network and port object-groups, and the addresses and ports they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from lab.emulators.cisco_xr.ports import TCP_PORTS, UDP_PORTS
from lab.emulators.packets import Address

Span = tuple[int, int]


@dataclass(frozen=True)
class Member:
    """One member of an object-group.

    Attributes:
        line: as printed.
        span: first and last number it stands for (addresses as integers, ports); None: nested.
        nested: the group it includes.
    """

    line: str
    span: Span | None = None
    nested: str = ""


def network_span(network: IPv4Network | IPv6Network) -> Span:
    """First and last address as integers."""
    return int(network.network_address), int(network.broadcast_address)


def parse_address(word: str, version: int) -> Address:
    """An address of that family.

    Raises:
        ValueError: anything else.
    """
    address = ip_address(word)
    if address.version != version:
        raise ValueError(word)
    return address


def parse_network(word: str, version: int) -> IPv4Network | IPv6Network:
    """A prefix of that family; host bits are cut off.

    Raises:
        ValueError: anything else.
    """
    if "/" not in word:
        raise ValueError(word)
    network = ip_network(word, strict=False)
    if network.version != version:
        raise ValueError(word)
    return network


def network_member(words: list[str], version: int) -> Member:
    """`host A`, `A/len`, `range A B` or `object-group N` [CAPTURE: the router's own help].

    Raises:
        ValueError: not a member; the message is the first bad word.
    """
    match words:
        case ["host", a]:
            address = parse_address(a, version)
            return Member(f"host {address}", (int(address), int(address)))
        case ["range", a, b]:
            first, last = parse_address(a, version), parse_address(b, version)
            if int(first) > int(last):
                raise ValueError(b)
            return Member(f"range {first} {last}", (int(first), int(last)))
        case ["object-group", name]:
            return Member(f"object-group {name}", None, name)
        case [prefix]:
            network = parse_network(prefix, version)
            return Member(str(network), network_span(network))
    raise ValueError(words[-1] if words else "")


def port_span(operator: str, numbers: list[int]) -> list[Span]:
    """The ports of `eq`, `gt`, `lt`, `neq` or `range`.

    Raises:
        ValueError: another operator or wrong numbers.
    """
    first = numbers[0]
    spans = {
        "eq": [(first, first)],
        "gt": [(first + 1, 65535)],
        "lt": [(0, first - 1)],
        "neq": [(0, first - 1), (first + 1, 65535)],
        "range": [(first, numbers[-1])],
    }
    if operator not in spans or (operator == "range") != (len(numbers) == 2):
        raise ValueError(operator)
    return spans[operator]


def port_member(words: list[str]) -> Member:
    """`eq P`, `range P P`, `gt P`, `lt P` or `object-group N` of a port group.

    Raises:
        ValueError: not a member.
    """
    if words[:1] == ["object-group"] and len(words) == 2:
        return Member(" ".join(words), None, words[1])
    names = {**UDP_PORTS, **TCP_PORTS}
    numbers = [names[word] if word in names else int(word) for word in words[1:]]
    if not numbers or words[0] == "neq":
        raise ValueError(words[0])
    span = port_span(words[0], numbers)[0]
    by_number = {value: name for name, value in names.items()}
    shown = [by_number.get(number, str(number)) for number in numbers]
    return Member(" ".join([words[0], *shown]), span)


def spans_of(
    name: str, members: Callable[[str], list[Member] | None], seen: frozenset[str] = frozenset()
) -> Iterator[Span]:
    """All spans of the group `name`, nested groups included; a cycle adds nothing.

    Args:
        name: the group.
        members: members of a group by name; None where it does not exist.
        seen: groups on the way here.
    """
    if name in seen:
        return
    for member in members(name) or []:
        if member.span is not None:
            yield member.span
        else:
            yield from spans_of(member.nested, members, seen | {name})


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same numbers in sorted spans that do not overlap."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1]:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result
