# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of the global configuration mode; each gives the mode that follows it."""

from __future__ import annotations

import re

from lab.emulators.cisco_ios import prefix_lists, routes
from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.edit_interface import keyword
from lab.emulators.cisco_ios.edit_lists import acl_line, the_acl
from lab.emulators.cisco_ios.groups import Group
from lab.emulators.cisco_ios.modes import GLOBAL_MODE, Mode
from lab.emulators.cisco_ios.names import interface_name, may_be_created
from lab.emulators.cisco_ios.prefix_lists import PrefixList
from lab.emulators.cisco_ios.route_filters import expression
from lab.emulators.cisco_ios.sections import Section
from lab.emulators.cisco_ios.time_ranges import TimeRange
from lab.emulators.cisco_ios.vocabulary import GENERIC, GLOBAL, IP, IPV6
from lab.emulators.cisco_ios.words import Refusal, Words

_NUMBERED = r"route-map %s (?:permit|deny)"
_ACL_PROMPTS = {
    "extended": "config-ext-nacl",
    "standard": "config-std-nacl",
    "ipv6": "config-ipv6-acl",
}


def global_line(
    configuration: Configuration, words: Words, *, negated: bool, literal: bool
) -> Mode:
    """A line of the global mode."""
    first = keyword(words, GLOBAL)
    if first == "interface":
        return _interface(configuration, words, negated=negated, literal=literal)
    if first == "object-group" and words.peek() != "service":
        return _object_group(configuration, words, negated=negated)
    if first == "access-list":
        return _numbered(configuration, words, negated=negated)
    if first == "time-range":
        return _time_range(configuration, words, negated=negated)
    if first in ("ip", "ipv6"):
        return _ip(configuration, words, first, negated=negated, literal=literal)
    if first == "router" and words.accept("bgp"):
        return _kept(configuration, f"router bgp {words.number(1, 2**32 - 1)}", negated, literal)
    if first == "route-map":
        return _route_map(configuration, words, negated=negated)
    if first == "hostname":
        return _hostname(configuration, words, negated=negated)
    return _kept(configuration, f"{first} {words.rest()}".rstrip(), negated, literal)


def _hostname(configuration: Configuration, words: Words, *, negated: bool) -> Mode:
    name = "Router" if negated else words.take()
    if not negated:
        words.end()
    configuration.root.enter(f"hostname {name}")
    return GLOBAL_MODE


def _route_map(configuration: Configuration, words: Words, *, negated: bool) -> Mode:
    """`route-map NAME [permit|deny [N]]`; without them `permit 10` [DOC]."""
    name = words.take()
    lines = configuration.root.lines
    if negated and not words:
        configuration.root.negate(f"route-map {name}")
        return GLOBAL_MODE
    action = words.expect("permit", "deny") if words else "permit"
    number = words.number(0, 65535) if words else 10
    words.end()
    text = f"route-map {name} {action} {number}"
    taken = next((old for old in lines if re.fullmatch(f"{_NUMBERED % re.escape(name)} {number}",
                                                       old)), "")  # fmt: skip
    if negated:
        lines.pop(taken, None)
        return GLOBAL_MODE
    if taken and taken != text:
        # The action of a clause can be changed; what is in it stays [GUESS].
        lines[text] = Section(text, lines.pop(taken).lines)
    lines.setdefault(text, Section(text))
    return Mode("section", "config-route-map", path=(text,))


def _as_path_list(configuration: Configuration, words: Words, *, negated: bool) -> Mode:
    """`ip as-path access-list N permit|deny EXPRESSION` [DOC]."""
    words.expect("access-list")
    start = f"ip as-path access-list {words.number(1, 500)}"
    if negated and not words:
        configuration.root.negate(start)
        return GLOBAL_MODE
    action, wanted = words.expect("permit", "deny"), words.rest()
    if not wanted:
        words.take()
    try:
        expression(wanted)
    except ValueError:
        raise Refusal("% Invalid regular expression\n") from None  # [GUESS]
    text = f"{start} {action} {wanted}"
    if negated:
        configuration.root.negate(text)
    else:
        configuration.root.enter(text)
    return GLOBAL_MODE


def _kept(configuration: Configuration, text: str, negated: bool, literal: bool) -> Mode:
    """A line or section header without a meaning here."""
    if negated:
        configuration.root.negate(text, literal=literal)
        return GLOBAL_MODE
    for header, prompt, _ in GENERIC:
        if text == header or text.startswith(f"{header} "):
            configuration.root.lines.setdefault(text, Section(text))
            return Mode("section", prompt, path=(text,))
    configuration.root.enter(text)
    return GLOBAL_MODE


def _interface(configuration: Configuration, words: Words, *, negated: bool, literal: bool) -> Mode:
    typed = words.rest()
    if not typed:
        words.take()
    name = interface_name(typed)
    if name is None:
        raise words.invalid(back=1)
    if negated:
        if not may_be_created(name):
            raise Refusal("% Removal of physical interfaces is not permitted\n")
        configuration.interfaces.pop(name, None)
        return GLOBAL_MODE
    if name not in configuration.interfaces:
        if not literal and not may_be_created(name):
            raise words.invalid(back=1)
        configuration.interfaces[name] = Section(name)
    return Mode("interface", "config-subif" if "." in name else "config-if", name)


def _object_group(configuration: Configuration, words: Words, *, negated: bool) -> Mode:
    kinds = ("network", "v6-network") if configuration.quirks.v6_groups else ("network",)
    kind = words.expect(*kinds)
    name = words.take()
    words.end()
    group = configuration.groups.get(name)
    if group is not None and group.kind != kind:
        raise Refusal(f"% Object group {name} is of another type\n")  # [GUESS]
    if negated:
        if group is not None:
            configuration.refuse_if_used(name)
            del configuration.groups[name]
        return GLOBAL_MODE
    if group is None:
        configuration.groups[name] = Group(name, kind)
    return Mode("group", f"config-{kind.replace('-', '')}-group", name, kind)


def _time_range(configuration: Configuration, words: Words, *, negated: bool) -> Mode:
    name = words.take()
    words.end()
    if negated:
        configuration.time_ranges.pop(name, None)
        return GLOBAL_MODE
    configuration.time_ranges.setdefault(name, TimeRange(name))
    return Mode("time-range", "config-time-range", name)


def _numbered(configuration: Configuration, words: Words, *, negated: bool) -> Mode:
    """`access-list N ...`: kept as `ip access-list ... N`, as newer releases show it [GUESS]."""
    number = words.number(1, 2699)
    kind = "standard" if number < 100 or 1300 <= number < 2000 else "extended"
    if negated and not words:
        configuration.acls.pop((4, str(number)), None)
        return GLOBAL_MODE
    mode = Mode("acl", _ACL_PROMPTS[kind], str(number), kind)
    if negated:
        # Without a sequence number this form removes the whole list [DOC].
        configuration.acls.pop((4, str(number)), None)
    else:
        acl_line(configuration, mode, words, negated=False)
    return GLOBAL_MODE


def _ip(
    configuration: Configuration, words: Words, first: str, *, negated: bool, literal: bool
) -> Mode:
    second = keyword(words, IP if first == "ip" else IPV6)
    version = 4 if first == "ip" else 6
    if second == "access-list" and words.peek() not in ("log-update", "logging", "role-based"):
        return _access_list(configuration, words, version, negated=negated)
    if second == "prefix-list":
        return _prefix_list(configuration, words, version, negated=negated)
    if second == "as-path":
        return _as_path_list(configuration, words, negated=negated)
    if second == "route" and words.peek() != "static":
        return _route(configuration, words, version, negated=negated)
    return _kept(configuration, f"{first} {second} {words.rest()}".rstrip(), negated, literal)


def _access_list(
    configuration: Configuration, words: Words, version: int, *, negated: bool
) -> Mode:
    kind = "ipv6"
    if version == 4:
        kind = words.expect("extended", "standard", "resequence")
    name = words.take()
    if kind == "resequence":
        return _resequence(configuration, words, name)
    words.end()
    if negated:
        configuration.acls.pop((version, name), None)
        return GLOBAL_MODE
    the_acl(configuration, kind, name, words)
    return Mode("acl", _ACL_PROMPTS[kind], name, kind)


def _resequence(configuration: Configuration, words: Words, name: str) -> Mode:
    acl = configuration.acls.get((4, name))
    start = words.number(1, 2**31 - 1) if words else 10
    step = words.number(1, 2**31 - 1) if words else 10
    words.end()
    if acl is None:
        raise Refusal("% Access list doesn't exist\n")  # [GUESS]
    acl.resequence(start, step)
    return GLOBAL_MODE


def _prefix_list(
    configuration: Configuration, words: Words, version: int, *, negated: bool
) -> Mode:
    if words.accept("sequence-number"):
        return GLOBAL_MODE
    name = words.take()
    found = configuration.prefix_lists.get((version, name))
    if negated and not words:
        configuration.prefix_lists.pop((version, name), None)
        return GLOBAL_MODE
    lists = configuration.prefix_lists
    prefix_list = found if found is not None else PrefixList(name, version)
    if words.accept("description"):
        prefix_list.description = "" if negated else words.rest()
    else:
        number = words.number(1, 2**32 - 2) if words.accept("seq") else None
        if negated:
            _remove_entry(prefix_list, number, words)
        else:
            prefix_list.add(number, prefix_lists.entry(words, version))
    if prefix_list.entries or prefix_list.description:
        lists[version, name] = prefix_list
    else:
        lists.pop((version, name), None)
    return GLOBAL_MODE


def _remove_entry(prefix_list: PrefixList, number: int | None, words: Words) -> None:
    wanted = prefix_lists.entry(words, prefix_list.version) if words else None
    for at, entry in prefix_list.ordered():
        if number in (None, at) and wanted in (None, entry):
            del prefix_list.entries[at]
            return
    raise Refusal("%Can't find specified sequence number or prefix\n")  # [GUESS]


def _route(configuration: Configuration, words: Words, version: int, *, negated: bool) -> Mode:
    route = routes.read(words, version)
    if not negated:
        if not route.target:
            words.take()
        configuration.routes[route.key] = route
        return GLOBAL_MODE
    found = [
        key
        for key in configuration.routes
        if key[:2] == route.key[:2] and route.target in ("", key[2])
    ]
    if not found:
        raise Refusal("%No matching route to delete\n")
    for key in found:
        del configuration.routes[key]
    return GLOBAL_MODE
