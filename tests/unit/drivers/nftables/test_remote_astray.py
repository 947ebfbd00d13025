# SPDX-License-Identifier: GPL-2.0-or-later
"""An address that somebody put among the ranges is no member, and goes with the whole table."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from drivers._router.known import KnownRules
from drivers.nftables.remote.model import HOSTS, RANGES, Element, Listing, set_name
from drivers.nftables.remote.planning import Setup, Work, findings, plan
from drivers.nftables.remote.reading import actual
from enforcer.core.drift import FindingKind, compare
from enforcer.core.rules import Desired, Key, Owner, Rule

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
OURS = Owner("C0FFEE", 2)
SETUP = Setup(OURS, frozenset({"forward"}), counters=True)
RULE = Rule(4, Key.SOURCE)
LOW = 0xC6336440
HOST, RANGE = (LOW, LOW), (LOW + 8, LOW + 15)


def listed(*strays: tuple[int, int]) -> Listing:
    """A right structure with one host, one range, and what somebody put beside it."""
    elements = {
        set_name(HOSTS, RULE): (Element(HOST, "0001-Y"),),
        set_name(RANGES, RULE): (Element(RANGE, "0002-W"), *map(Element, strays)),
    }
    return Listing(True, SETUP.structure([RULE]), elements, OURS, "d")


def test_it_is_told_and_the_table_made_anew_without_it() -> None:
    known = KnownRules()
    known.learn([RULE])
    right = actual("r1", listed(), known, NOW)
    wanted = Desired("r1", dict(right.addresses), {}, mark=OURS)
    assert not compare(wanted, right, findings(SETUP, right))

    wrong = actual("r1", listed((LOW + 2, LOW + 2), HOST), known, NOW)
    drift = compare(wanted, wrong, findings(SETUP, wrong))
    assert [finding.kind for finding in drift.findings] == [FindingKind.EXTRA]
    assert set_name(RANGES, RULE) in drift.findings[0].what
    assert not drift.delta

    (batch,) = plan(SETUP, wanted, drift, wrong).batches
    assert isinstance(batch.payload, Work)
    commands = json.loads(batch.payload.text)["nftables"]
    assert commands[0] == {"delete": {"table": {"family": "inet", "name": "enforcer"}}}
    ranges = [
        element["elem"]["val"]
        for command in commands
        for element in command.get("add", {}).get("element", {}).get("elem", [])
        if command["add"]["element"]["name"] == set_name(RANGES, RULE)
    ]
    assert ranges == [{"range": ["198.51.100.72", "198.51.100.79"]}]
