# SPDX-License-Identifier: GPL-2.0-or-later
"""What a configuration line of IOS-XR means: the submodes and the form of statements."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.emulators.cisco_xr.tree import Node, Rank

GLOBAL = "config"
INTERFACE = "config-if"
GROUP_4 = "config-object-group-ipv4"
GROUP_6 = "config-object-group-ipv6"
GROUP_PORT = "config-object-group-port"
ACL_4 = "config-ipv4-acl"
ACL_6 = "config-ipv6-acl"
STATIC = "config-static"
STATIC_4 = "config-static-afi"
STATIC_6 = "config-static-afi6"
BGP = "config-bgp"
BGP_AF = "config-bgp-af"
NEIGHBOR = "config-bgp-nbr"
NEIGHBOR_AF = "config-bgp-nbr-af"
PREFIX_SET = "config-pfx"
POLICY = "config-rpl"
OTHER_SET = "config-set"
RPL_MODES = (PREFIX_SET, POLICY, OTHER_SET)
ANY = "config-any"

CLOSERS = {PREFIX_SET: "end-set", OTHER_SET: "end-set", POLICY: "end-policy"}

INTERFACE_TYPES = {
    "gi": "GigabitEthernet",
    "te": "TenGigE",
    "hu": "HundredGigE",
    "fo": "FortyGigE",
    "tw": "TwentyFiveGigE",
    "mg": "MgmtEth",
    "lo": "Loopback",
    "be": "Bundle-Ether",
    "bu": "Bundle-Ether",
    "bv": "BVI",
    "tu": "tunnel-ip",
    "nu": "Null",
}


class Invalid(Exception):
    """The line is refused.

    Attributes:
        word: position of the first word that cannot stand there, from 0.
        incomplete: words are missing.
    """

    def __init__(self, word: int, *, incomplete: bool = False) -> None:
        super().__init__(str(word))
        self.word = word
        self.incomplete = incomplete


@dataclass(frozen=True)
class Statement:
    """What a line means in a submode.

    Attributes:
        node: the statement itself.
        opens: the submode it opens; empty for a leaf.
        rest: words that follow and belong into that submode (`interface X shutdown`).
    """

    node: Node
    opens: str = ""
    rest: str = ""


def natural(text: str) -> str:
    """A sort key in which numbers count as numbers."""
    return re.sub(r"\d+", lambda found: found.group().zfill(10), text)


def interface_name(word: str) -> str:
    """The full name of an interface; the word itself where the type is unknown."""
    found = re.fullmatch(r"([A-Za-z-]+?)(\d.*|RP\d.*|RSP\d.*)", word)
    if found is None:
        return word
    kind = found[1].lower()
    full = INTERFACE_TYPES.get(kind[:2])
    if full is None or not full.lower().startswith(kind):
        return word if kind not in ("be",) else f"Bundle-Ether{found[2]}"
    return full + found[2]


def leaf(line: str, key: str, *rank: object) -> Statement:
    """A statement with nothing below it."""
    return Statement(Node(line, key, tuple(rank)))


def block(
    line: str, opens: str, rank: Rank, *, rest: str = "", ephemeral: bool = False
) -> Statement:
    """A statement that opens the submode `opens`."""
    return Statement(Node(line, line, rank, block=True, ephemeral=ephemeral), opens, rest)
