# SPDX-License-Identifier: GPL-2.0-or-later
"""Export policies that would tell others of our discard routes."""

from __future__ import annotations

import pytest

from drivers.juniper_junos.parse import parse
from drivers.juniper_junos.setup import TAG

BGP = "set protocols bgp group peers export OUT"
TERM = "set policy-options policy-statement OUT term"
OURS = f"{TERM} ENF from protocol static\n{TERM} ENF from tag {TAG}\n{TERM} ENF then reject\n"
STATIC = f"{TERM} S from protocol direct\n{TERM} S from protocol static\n{TERM} S then accept\n"


def exported(text: str) -> tuple[str, ...]:
    return parse("edge1", text.splitlines(), TAG).exported


@pytest.mark.parametrize(
    "text",
    [
        f"{STATIC}{BGP}",
        f"{STATIC}{OURS}{BGP}",
        f"set policy-options policy-statement OUT then accept\n{BGP}",
        f"{TERM} X then community add Z\n{STATIC}{BGP}",
        f"{OURS}deactivate policy-options policy-statement OUT term ENF\n{STATIC}{BGP}",
    ],
)
def test_a_chain_that_takes_every_static_route_is_found(text: str) -> None:
    assert exported(text) == ("protocols bgp group peers export",)


def test_it_is_found_in_an_interior_protocol() -> None:
    assert exported(f"{STATIC}set protocols ospf export OUT") == ("protocols ospf export",)


@pytest.mark.parametrize(
    "text",
    [
        STATIC,
        f"{OURS}{STATIC}{BGP}",
        f"{TERM} A from tag 666\n{TERM} A then accept\n{BGP}",
        f"{TERM} A from tag {TAG}\n{TERM} A then accept\n{STATIC}{BGP}",
        f"{TERM} A from protocol bgp\n{TERM} A then accept\n{BGP}",
        f"{TERM} A from prefix-list OWN\n{TERM} A then accept\n{BGP}",
        f"{TERM} A then reject\n{STATIC}{BGP}",
        f"{STATIC}{BGP.replace('export', 'import')}",
        f"{STATIC}{BGP}\ndeactivate protocols bgp group peers export",
        f"{OURS.replace('OUT', 'FIRST')}{STATIC}{BGP.replace('OUT', 'FIRST')}\n{BGP}",
    ],
)
def test_a_chain_that_rejects_ours_or_means_others_is_right(text: str) -> None:
    assert exported(text) == ()
