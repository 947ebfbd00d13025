# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines inside interfaces: what is known is checked, the rest is kept."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Interface

from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.groups import NETMASKS
from lab.emulators.cisco_ios.modes import Mode
from lab.emulators.cisco_ios.sections import Section
from lab.emulators.cisco_ios.vocabulary import INTERFACE, INTERFACE_IP, INTERFACE_IPV6
from lab.emulators.cisco_ios.words import Ambiguous, Refusal, Words, expand


def interface_line(
    configuration: Configuration, mode: Mode, words: Words, *, negated: bool, literal: bool
) -> None:
    """A line of an interface."""
    section = configuration.interfaces[mode.name]
    text = _known(words, negated=negated)
    if negated:
        section.negate(text, literal=literal)
        return
    entered = section.lines.copy()
    section.enter(text)
    if text.startswith(("ip access-group", "ipv6 traffic-filter")):
        configuration.require_room(lambda: _restore(section, entered))


def _restore(section: Section, lines: dict[str, Section]) -> None:
    section.lines = lines


def keyword(words: Words, vocabulary: frozenset[str]) -> str:
    """Take the next word, a keyword or a unique abbreviation of one."""
    found = expand(words.peek(), vocabulary) if words else []
    if not words:
        words.take()
    if not found:
        raise words.invalid()
    if len(found) > 1:
        raise Ambiguous(words.text.strip())
    words.take()
    return found[0]


def _known(words: Words, *, negated: bool) -> str:
    """The line in full words; `InvalidInput` where it is not one."""
    first = keyword(words, INTERFACE)
    if first not in ("ip", "ipv6"):
        if first == "shutdown":
            words.end()
        if not words and not negated and first in ("description", "encapsulation", "mtu"):
            words.take()
        return f"{first} {words.rest()}".rstrip()
    second = keyword(words, INTERFACE_IP if first == "ip" else INTERFACE_IPV6)
    command = f"{first} {second}"
    if second in ("access-group", "traffic-filter"):
        name = words.take()
        direction = words.expect("in", "out")
        words.end()
        return f"{command} {name} {direction}"
    if second == "verify":
        return _verify(words, command, negated=negated)
    if command == "ip address" and not (negated and not words):
        return _address(words)
    if command == "ipv6 address" and not (negated and not words):
        return _address6(words)
    return f"{command} {words.rest()}".rstrip()


def _verify(words: Words, command: str, *, negated: bool) -> str:
    words.expect("unicast")
    words.expect("source")
    text = f"{command} unicast source"
    if negated and not words:
        return text
    words.expect("reachable-via")
    text += f" reachable-via {words.expect('any', 'rx')}"
    while words:
        text += f" {words.expect('allow-default', 'allow-self-ping', 'l2-src')}"
    return text


def _address(words: Words) -> str:
    if words.peek() in ("dhcp", "negotiated", "pool"):
        return f"ip address {words.rest()}"
    address, mask = words.take(), words.take()
    for back, value in ((2, address), (1, mask)):
        try:
            IPv4Address(value)
        except ValueError:
            raise words.invalid(back=back) from None
    if mask not in NETMASKS:
        raise Refusal(f"Bad mask {mask} for address {address}\n")
    secondary = " secondary" if words.accept("secondary") else ""
    words.end()
    return f"ip address {address} {mask}{secondary}"


def _address6(words: Words) -> str:
    """`ipv6 address X/nn [eui-64]`, `X link-local`, `dhcp`, `autoconfig`; shown in capitals."""
    typed = words.take()
    if typed not in ("dhcp", "autoconfig"):
        try:
            typed = str(IPv6Interface(typed)).upper() if "/" in typed else typed.upper()
            IPv6Interface(typed)
        except ValueError:
            raise words.invalid(back=1) from None
        if "/" not in typed and words.peek() != "link-local":
            raise words.invalid(back=1)
    return f"ipv6 address {typed} {words.rest()}".rstrip()
