# SPDX-License-Identifier: GPL-2.0-or-later
"""Configuration modes: where a line typed now belongs."""

from __future__ import annotations

from dataclasses import dataclass

from lab.emulators.cisco_ios.vocabulary import (
    GLOBAL,
    INSIDE,
    INTERFACE,
    INTERFACE_IP,
    INTERFACE_IPV6,
    IP,
    IPV6,
)
from lab.emulators.cisco_ios.words import expand

_ACL = frozenset({"permit", "deny", "remark", "sequence"})
_GROUP = frozenset({"host", "range", "group-object", "any", "description"})


@dataclass(frozen=True)
class Mode:
    """A configuration mode.

    Attributes:
        kind: `global`, `interface`, `acl`, `group`, `time-range` or `section`.
        prompt: what stands in brackets in the prompt.
        name: the interface, list, group or time-range.
        subkind: `extended`, `standard`, `ipv6`; `network`, `v6-network`.
        path: a section's headers, from the outside in.
    """

    kind: str = "global"
    prompt: str = "config"
    name: str = ""
    subkind: str = ""
    path: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """0 in global mode, 1 in a section, 2 inside a section of a section."""
        if self.kind == "global":
            return 0
        return max(1, len(self.path))

    def owns(self, words: list[str]) -> bool:
        """Whether a line of these words (without `no`) is this mode's, not the global mode's."""
        word = words[0] if words else ""
        if self.kind == "acl":
            return word.isdecimal() or bool(expand(word, _ACL))
        if self.kind == "group":
            return word in _GROUP or (word[:1].isalnum() and ("." in word or ":" in word))
        if self.kind == "time-range":
            return bool(expand(word, {"absolute", "periodic"}))
        if self.kind == "interface":
            return _interface_owns(words)
        if self.kind == "section":
            return word in INSIDE.get(self.prompt, ()) or word not in GLOBAL
        return False


GLOBAL_MODE = Mode()


def _interface_owns(words: list[str]) -> bool:
    word = words[0]
    if word not in ("ip", "ipv6"):
        return word in INTERFACE or (word not in GLOBAL and bool(expand(word, INTERFACE)))
    inside, outside = (INTERFACE_IP, IP) if word == "ip" else (INTERFACE_IPV6, IPV6)
    second = words[1] if len(words) > 1 else ""
    if second in inside or second in outside:
        return second in inside
    return bool(expand(second, inside)) or not expand(second, outside)
