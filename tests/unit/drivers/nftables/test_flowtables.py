# SPDX-License-Identifier: GPL-2.0-or-later
"""Flowtables of other tables are told by the kernel and end up as a finding."""

from __future__ import annotations

from struct import pack

from drivers.nftables.diagnosis import judged
from drivers.nftables.netlink.attributes import text
from drivers.nftables.netlink.constants import (
    NFNL_SUBSYS_NFTABLES,
    NFPROTO_INET,
    NFPROTO_IPV4,
    NFT_MSG_NEWFLOWTABLE,
    NFT_MSG_NEWOBJ,
    NFTA_FLOWTABLE_NAME,
    NFTA_FLOWTABLE_TABLE,
)
from drivers.nftables.netlink.definitions import read_all_flowtables


def reply(family: int, table: str, name: str, kind: int = NFT_MSG_NEWFLOWTABLE) -> bytes:
    """As linux/netlink.h and linux/netfilter/nfnetlink.h lay it out."""
    body = text(NFTA_FLOWTABLE_TABLE, table) + text(NFTA_FLOWTABLE_NAME, name)
    payload = pack("BBH", family, 0, 0) + body
    return pack("=IHHII", 16 + len(payload), NFNL_SUBSYS_NFTABLES << 8 | kind, 0, 1, 0) + payload


def test_flowtables_are_read_of_every_table() -> None:
    told = reply(NFPROTO_INET, "fw", "fast") + reply(NFPROTO_INET, "fw", "x", NFT_MSG_NEWOBJ)
    found = read_all_flowtables([told, reply(NFPROTO_IPV4, "old", "quick")])
    assert found == ((NFPROTO_INET, "fw", "fast"), (NFPROTO_IPV4, "old", "quick"))


def test_those_of_others_are_a_finding() -> None:
    ours, theirs = (NFPROTO_INET, "enforcer", "f"), (NFPROTO_INET, "fw", "fast")
    found = judged([ours, theirs, (NFPROTO_IPV4, "enforcer", "quick")])
    assert not found.ok and found.advice
    assert found.detail.startswith("inet fw fast, ip enforcer quick: established flows")
    assert judged([ours]).ok and judged([]).ok
