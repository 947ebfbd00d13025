# SPDX-License-Identifier: GPL-2.0-or-later
"""What our objects on IOS-XR are called, and what their descriptions say. Pure."""

from __future__ import annotations

import hashlib
import re

from drivers._router.names import OWNER, PREFIX, SENTINELS, group_name, named_rule
from drivers.cisco_xr.model import Group, GroupKey
from enforcer.core.orders import Network
from enforcer.core.rules import Key, Owner, Rule
from enforcer.core.sessions import CLOSED

OWNER_KEY = GroupKey(4, OWNER)
ROUTE_WORD = "ENF-RTBH"
"""The description of our discard routes."""
DIRECT, INHERITED, NONE = "R", "I", "N"
"""Parts of a policy's name: what it stands before, and so what must be there once it goes: the
neighbor's own policy, the one of its group, or none."""

_MARK = re.compile(
    r"^enforcer (?P<controller>\S+) (?P<epoch>\d+)(?: (?P<position>\d+) (?P<digest>\S+))?$"
)
_DOWN = re.compile(r"^(?P<how>down|was down) (?P<interface>\S+)$")
_IN_LINE = re.compile(r"\bENF-[0-9a-f]{12}-[A-Z0-9]+\b")


def own_list(family: int) -> str:
    """Our own access-list of a family."""
    return f"{PREFIX}V{family}"


def sentinel(family: int) -> str:
    """The member that keeps a group from being empty."""
    return f"host {SENTINELS[family]}"


def sentinel_entry(family: int) -> str:
    """The same in a prefix-set."""
    return f"{SENTINELS[family]}/{32 if family == 4 else 128}"


def named_groups(text: str) -> tuple[str, ...]:
    """Our groups that a line names."""
    return tuple(_IN_LINE.findall(text))


def is_ours(name: str) -> bool:
    """Whether an object of this name is ours."""
    return name.startswith(PREFIX)


def digest_of(name: str) -> str:
    """The digest in the name of an object of ours, "" none."""
    found = named_rule(name)
    return found[0] if found else ""


def part_of(name: str) -> str:
    """The part in the name of an object of ours, "" none."""
    found = named_rule(name)
    return found[1] if found else ""


def plain_rules(family: int) -> tuple[Rule, Rule]:
    """The rules that discard routes may stand for: by destination, by source."""
    return Rule(family, Key.DESTINATION), Rule(family, Key.SOURCE)


# -- the mark --------------------------------------------------------------------------------


def mark_text(owner: Owner) -> str:
    """What the description of the mark says."""
    text = f"enforcer {owner.controller} {owner.epoch}"
    return f"{text} {owner.position} {owner.digest}" if owner.digest else text


def mark_of(group: Group | None) -> Owner | None:
    """Whose mark a group is; None: no mark, or none that can be read."""
    found = _MARK.match(group.description) if group is not None else None
    if found is None:
        return None
    position = int(found["position"] or 0)
    return Owner(found["controller"], int(found["epoch"]), position, found["digest"] or "")


# -- interfaces and sessions that we shut down -----------------------------------------------


def down_key(rule: Rule, interface: str) -> GroupKey:
    """The note that a rule wants `interface`, or the session with that neighbor, down."""
    digest = hashlib.blake2b(interface.encode(), digest_size=4).hexdigest().upper()
    return GroupKey(4, group_name(rule, f"D{digest}"))


def down_note(interface: str, already: bool) -> Group:
    """`already`: it was down before, so that it is not ours to bring up."""
    said = f"{'was down' if already else 'down'} {interface}"
    return Group(frozenset({sentinel(4)}), said)


def closes(key: GroupKey) -> bool:
    """Whether a note is about a session."""
    return digest_of(key.name) == CLOSED.digest


def noted(key: GroupKey, group: Group) -> tuple[str, bool] | None:
    """(interface, whether it was down before) of a note; None: it is none."""
    found = _DOWN.match(group.description) if part_of(key.name).startswith("D") else None
    return (found["interface"], found["how"] == "was down") if found else None


# -- members ---------------------------------------------------------------------------------


def member_text(network: Network) -> str:
    """A prefix as a group shows it."""
    if network.prefixlen == network.max_prefixlen:
        return f"host {network.network_address}"
    return str(network)


def entry_text(network: Network) -> str:
    """A prefix with all that are longer, as a prefix-set shows it."""
    if network.prefixlen == network.max_prefixlen:
        return str(network)
    return f"{network} le {network.max_prefixlen}"
