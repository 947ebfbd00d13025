# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines inside access lists, object groups and time-ranges; each takes effect at once [DOC]."""

from __future__ import annotations

from lab.emulators.cisco_ios.aces import read, read_standard
from lab.emulators.cisco_ios.acls import Acl
from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.groups import Group, member
from lab.emulators.cisco_ios.modes import Mode
from lab.emulators.cisco_ios.time_ranges import TimeRange
from lab.emulators.cisco_ios.words import Refusal, Words


def the_acl(configuration: Configuration, kind: str, name: str, column: Words) -> Acl:
    """The list `name`, made where it does not exist; refused when it is of another kind."""
    version = 6 if kind == "ipv6" else 4
    acl = configuration.acls.get((version, name))
    if acl is None:
        acl = configuration.acls[version, name] = Acl(name, kind)
    if acl.kind != kind:
        raise Refusal("% A named IP access list with this name already exists\n")  # [GUESS]
    return acl


def acl_line(configuration: Configuration, mode: Mode, words: Words, *, negated: bool) -> None:
    """`[sequence] [N] permit|deny ...`, `[N] remark ...`, and their `no` forms."""
    acl = the_acl(configuration, mode.subkind, mode.name, words)
    if mode.subkind == "ipv6":
        words.accept("sequence")
    elif words.peek() == "sequence":
        raise words.invalid()
    number = words.number(1, 2**31 - 1) if words.peek().isdecimal() else None
    if negated and not words and number is not None:
        acl.remove_number(number, remarks_too=configuration.quirks.number_takes_remarks)
        return
    if words.accept("remark"):
        text = words.rest()[:100]
        if negated:
            acl.remove_remark(number, text)
        elif text:
            acl.remark(number, text)
        return
    ace = read_standard(words) if mode.subkind == "standard" else read(words, acl.version)
    if negated:
        acl.remove_ace(number, ace)
        return
    configuration.require_groups(ace)
    if acl.add(number, ace):
        configuration.require_room(lambda: acl.remove_ace(None, ace))


def group_line(configuration: Configuration, mode: Mode, words: Words, *, negated: bool) -> None:
    """A member or the description of an object group, and their `no` forms."""
    group = configuration.groups.setdefault(mode.name, Group(mode.name, mode.subkind))
    if words.accept("description"):
        group.description = "" if negated else words.rest()
        return
    text, bounds = member(words, group.kind)
    if not negated:
        _add_member(configuration, group, text, bounds)
    elif text not in group.members:
        raise Refusal("% Object does not exist in the group\n")  # [GUESS]
    else:
        if len(group.members) == 1:
            configuration.refuse_if_used(group.name)
        group.remove(text)


def _add_member(
    configuration: Configuration, group: Group, text: str, bounds: tuple[int, int] | None
) -> None:
    if text in group.members:
        return
    if bounds is None:
        _refuse_nesting(configuration, group, text.removeprefix("group-object "))
    group.add(text, bounds)
    configuration.require_room(lambda: group.remove(text))


def _refuse_nesting(configuration: Configuration, group: Group, inner: str) -> None:
    """Only groups of the same kind that exist nest, and never in a circle [DOC; texts GUESS]."""
    found = configuration.groups.get(inner)
    if found is None or found.kind != group.kind:
        raise Refusal(f"% Object group {inner} does not exist\n")
    seen, waiting = set(), [inner]
    while waiting:
        name = waiting.pop()
        if name == group.name:
            raise Refusal(f"% Object group {inner} contains {group.name}\n")
        if name not in seen and name in configuration.groups:
            seen.add(name)
            waiting += configuration.groups[name].nested()


def time_range_line(
    configuration: Configuration, mode: Mode, words: Words, *, negated: bool
) -> None:
    """`absolute ...` and `periodic ...`, and their `no` forms."""
    time_range = configuration.time_ranges.setdefault(mode.name, TimeRange(mode.name))
    kept = words.text.strip().removeprefix("no ")
    if words.expect("absolute", "periodic") == "periodic":
        if negated and kept in time_range.others:
            time_range.others.remove(kept)
        elif not negated and kept not in time_range.others:
            time_range.others.append(kept)
    elif negated:
        time_range.start = time_range.end = None
    else:
        time_range.absolute(words)
