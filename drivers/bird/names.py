# SPDX-License-Identifier: GPL-2.0-or-later
"""What our symbols in BIRD are called. Pure."""

from __future__ import annotations

import re

from enforcer.core.rules import Key, Rule

PREFIX = "ENF_"
OWNER = "ENF_OWNER"
STATE = "ENF_STATE"
SHUT = "ENF_SHUT"
HEADER = "header"
MESSAGE = "enforcer: "
"""How the message of a session that we shut begins (RFC 9003); BIRD shows it to us again."""

_SET = re.compile(r"^ENF_([0-9a-f]{12})$")
_WAYS = {Key.RECEIVED: "in", Key.ANNOUNCED: "out"}
WAYS = tuple(_WAYS)


_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def quoted(protocol: str) -> str:
    """A protocol's name as birdc takes it: in quotes where it is no plain symbol."""
    return protocol if _PLAIN.match(protocol) else f"'{protocol}'"


def set_name(rule: Rule) -> str:
    """The constant with the prefixes that a rule rejects."""
    return f"{PREFIX}{rule.digest}"


def digest_of(name: str) -> str:
    """The digest of the rule whose constant is called so; "": it is no rule's."""
    found = _SET.match(name)
    return found[1] if found else ""


def function_name(neighbor: str, way: Key) -> str:
    """The function that an operator's filter for a neighbor's routes calls."""
    return f"enf_{_WAYS[way]}_{re.sub('[.:]', '_', neighbor)}"
