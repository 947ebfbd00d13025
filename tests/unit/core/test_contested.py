# SPDX-License-Identifier: GPL-2.0-or-later
"""Contested objects are taken out of a drift, and nothing else is."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.contested import Contested, objects
from enforcer.core.device_control import Contest
from enforcer.core.drift import Drift, Finding, FindingKind, compare
from enforcer.core.rules import Actual, Desired, InterfaceMember, Members
from tests.unit.core.test_brake import PORTS, RULE, Row, disjoint_rows, members

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
FINDINGS = (
    Finding(FindingKind.MISSING, "hook"),
    Finding(FindingKind.EXTRA, "rule in chain blocks: handle 12"),
)


def drift_of(wanted: list[Row], found: list[Row], names: tuple[set[str], set[str]]) -> Drift:
    def interfaces(some: set[str]) -> dict[object, tuple[InterfaceMember, ...]]:
        return {PORTS: tuple(InterfaceMember(n, 10, 1) for n in sorted(some))} if some else {}

    def table(rows: list[Row]) -> dict[object, Members]:
        return {RULE: members(rows)} if rows else {}

    desired = Desired("edge1", table(wanted), interfaces(names[0]))  # type: ignore[arg-type]  # keys
    actual = Actual("edge1", NOW, None, table(found), interfaces(names[1]))  # type: ignore[arg-type]  # keys
    return compare(desired, actual, FINDINGS)


NAMES = st.sets(st.sampled_from(["eth0", "eth1", "eth2"]))
DRIFTS = st.builds(drift_of, disjoint_rows(), disjoint_rows(), st.tuples(NAMES, NAMES))


def contests(keys: dict[str, str]) -> list[Contest]:
    return [Contest(key, what, "vi", NOW) for key, what in keys.items()]


@given(drift=DRIFTS, data=st.data())
def test_what_is_contested_goes_and_the_rest_stays(drift: Drift, data: st.DataObject) -> None:
    everything = dict(objects(drift))
    assert len(everything) == drift.tally.differing + len(drift.findings)
    chosen = data.draw(st.sets(st.sampled_from(sorted(everything))))
    contested = Contested(contests({k: everything[k] for k in chosen}))
    rest = contested.without(drift)
    assert dict(objects(rest)) == {k: w for k, w in everything.items() if k not in chosen}
    assert rest.tally.differing == len(dict(objects(rest))) - len(rest.findings)
    assert rest.tally.verified == drift.tally.verified
    assert not {everything[k] for k in chosen} & set(rest.examples)
    kept, left = contested.split(drift.delta)
    assert dict(objects(Drift(left, drift.tally))) == {
        k: everything[k] for k in chosen if not k.startswith("structure")
    }
    assert bool(kept) is bool(rest.delta)


@given(drift=DRIFTS)
def test_without_contests_nothing_changes(drift: Drift) -> None:
    assert Contested().without(drift) is drift
    elsewhere = Contested(contests({"ffffffffffff 1-1": "x", "structure other": "y"}))
    assert elsewhere.without(drift) is drift


def test_a_rule_that_comes_back_with_another_handle_is_the_same_object() -> None:
    drift = drift_of([], [], (set(), set()))
    keys = dict(objects(drift))
    again = Finding(FindingKind.EXTRA, "rule in chain blocks: handle 4711")
    other = Finding(FindingKind.EXTRA, "rule in chain forward: handle 12")
    contested = Contested(contests(keys))
    rest = contested.without(Drift(drift.delta, drift.tally, (again, other)))
    assert rest.findings == (other,)
    assert contested.findings(Drift(drift.delta, drift.tally, (again, other))) == (again,)


def test_the_writers_are_named_once_each() -> None:
    some = [Contest("a 1-1", "x", "vi", NOW), Contest("a 2-2", "y", "vi", NOW)]
    assert Contested(some).writers == ("vi",)
