# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether an operator's filters call our functions. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.bird.answers import refreshes
from drivers.bird.model import Box, Protocol, configured_as
from drivers.bird.names import function_name
from enforcer.core.rules import Key, Rule

WORDS = {Key.RECEIVED: "import", Key.ANNOUNCED: "export"}
UNREADABLE = "its filters cannot be verified: the configuration cannot be read"


def unhooked(box: Box, rule: Rule) -> Iterator[tuple[str, str]]:
    """(what, why) wherever `rule` would be written and not be in effect."""
    some = box.protocols.get(rule.neighbor, ())
    if not some:
        yield f"protocol of neighbor {rule.neighbor}", "there is none"
    for one in some:
        if rule.family not in one.families:
            # Routes of this family are not exchanged with it.
            continue
        why = gap(box, one, rule.family, rule.key)
        if why:
            yield f"protocol {one.name}", why


def gap(box: Box, protocol: Protocol, family: int, way: Key) -> str:
    """Why our function has no say in one direction of one family; "": it has."""
    name = function_name(protocol.neighbor, way)
    if box.configured is None:
        return UNREADABLE
    configured = configured_as(box, protocol)
    if configured is None:
        return "it is not found in the configuration"
    channel = configured.channels.get(family)
    # What is not stated: BGP imports nothing from and exports nothing to outside (RFC 8212).
    calls = channel.calls.get(way, frozenset()) if channel is not None else frozenset()
    if calls is None or name in calls:
        return ""
    return (
        f"its {WORDS[way]} filter of ipv{family} does not call {name}(): let it begin with"
        f" `if {name}() then reject;`"
    )


def restarts(box: Box, protocol: Protocol) -> bool:
    """Whether BIRD restarts a session to filter anew what came in (measured).

    It does where the neighbor cannot send its routes again, and BIRD did not keep them.
    """
    if not protocol.established or refreshes(protocol):
        return False
    configured = configured_as(box, protocol)
    channels = configured.channels if configured is not None else {}
    return not all(family in channels and channels[family].table for family in protocol.families)
