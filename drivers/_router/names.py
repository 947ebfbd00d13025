# SPDX-License-Identifier: GPL-2.0-or-later
"""What our objects on a router are called, and the member that keeps a group from being empty."""

from __future__ import annotations

import re

from enforcer.core.rules import Rule

PREFIX = "ENF-"
"""Every object of ours begins with it, and nothing else is ours."""
OWNER = "ENF-OWNER"
SENTINELS = {4: "127.255.255.254", 6: "100::ffff"}
"""Never the address of a packet that is forwarded (RFC 1122 section 3.2.1.3, RFC 6666), and never
blocked by an order: a group is never emptied, because it always holds this one."""

_NAMED = re.compile(r"^ENF-([0-9a-f]{12})-([A-Z0-9]+)$")


def group_name(rule: Rule, part: str) -> str:
    """The object that holds one part of a rule's members; `part`: capital letters, digits."""
    return f"{PREFIX}{rule.digest}-{part}"


def named_rule(name: str) -> tuple[str, str] | None:
    """(digest, part) of a group's name; None: it is none of ours."""
    found = _NAMED.match(name)
    return (found[1], found[2]) if found else None
