# SPDX-License-Identifier: GPL-2.0-or-later
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core import status
from enforcer.core.orders import BlockAddress, Order
from enforcer.core.proof_sentences import proof_sentence
from enforcer.core.status import (
    DeviceFacts,
    OrderFacts,
    Status,
    Withholding,
    overall_table,
    status_of,
    status_on,
    table,
)
from enforcer.core.topology import Mode

NOW = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
STALE = timedelta(minutes=15)

ORDER = Order(
    number=40,
    changed=42,
    demand=BlockAddress(ip_network("192.0.2.1/32")),
    reason="abuse",
    issuer="desk",
    source="cli",
    created=NOW - HOUR,
    start=NOW - HOUR,
    end=NOW + HOUR,
)
EXPIRED = replace(ORDER, end=NOW - MINUTE)
LIFTED = replace(ORDER, lifted=NOW - MINUTE, changed=50)
FUTURE = replace(ORDER, start=NOW + MINUTE)
PROVED = DeviceFacts(
    verified_seq=42, verified_at=NOW - MINUTE, proved_for=NOW - MINUTE, mode=Mode.ENFORCE
)
FRESH = DeviceFacts()
OBSERVED = DeviceFacts(mode=Mode.OBSERVE)


def on(order: Order, device: DeviceFacts, withheld: Withholding = Withholding.NONE) -> Status:
    return status_on(OrderFacts(order, NOW, ("edge1",), withheld), device, STALE)


@pytest.mark.parametrize(
    "order, facts, withheld, expected",
    [
        (ORDER, PROVED, Withholding.NONE, Status.ENFORCED),
        (ORDER, FRESH, Withholding.NONE, Status.ENFORCING),
        # An older book, or an instant before the start, proves nothing.
        (ORDER, replace(PROVED, verified_seq=41), Withholding.NONE, Status.ENFORCING),
        (ORDER, replace(PROVED, proved_for=NOW - 2 * HOUR), Withholding.NONE, Status.ENFORCING),
        (ORDER, replace(PROVED, proved_for=ORDER.start), Withholding.NONE, Status.ENFORCED),
        (ORDER, replace(PROVED, verified_at=NOW - STALE), Withholding.NONE, Status.ENFORCED),
        (
            ORDER,
            replace(PROVED, verified_at=NOW - STALE - MINUTE),
            Withholding.NONE,
            Status.UNVERIFIED,
        ),
        (ORDER, PROVED, Withholding.PART, Status.PARTIAL),
        (
            ORDER,
            replace(PROVED, verified_at=NOW - HOUR),
            Withholding.PART,
            Status.UNVERIFIED,
        ),
        (ORDER, PROVED, Withholding.ALL, Status.WITHHELD),
        (ORDER, FRESH, Withholding.ALL, Status.WITHHELD),
        (
            ORDER,
            replace(PROVED, unsupported_orders=frozenset({40})),
            Withholding.NONE,
            Status.UNSUPPORTED,
        ),
        (
            ORDER,
            replace(PROVED, unsupported_orders=frozenset({41})),
            Withholding.NONE,
            Status.ENFORCED,
        ),
        # A device that was proved and now fails may have lost everything: nobody has looked.
        (ORDER, replace(PROVED, failing_since=NOW - MINUTE), Withholding.NONE, Status.UNVERIFIED),
        (
            ORDER,
            replace(PROVED, failing_since=NOW - HOUR, verified_at=NOW - HOUR),
            Withholding.NONE,
            Status.UNVERIFIED,
        ),
        (ORDER, replace(FRESH, failing_since=NOW - MINUTE), Withholding.NONE, Status.FAILING),
        (
            ORDER,
            replace(FRESH, failing_since=NOW - MINUTE, drift_open=3, mode=Mode.OBSERVE),
            Withholding.NONE,
            Status.FAILING,
        ),
        (ORDER, replace(PROVED, drift_open=3), Withholding.NONE, Status.DRIFTED),
        (ORDER, replace(PROVED, drift_open=3), Withholding.PART, Status.DRIFTED),
        (
            ORDER,
            replace(PROVED, drift_open=3, verified_at=NOW - HOUR),
            Withholding.NONE,
            Status.DRIFTED,
        ),
        (
            ORDER,
            replace(PROVED, drift_open=3, failing_since=NOW - MINUTE),
            Withholding.NONE,
            Status.DRIFTED,
        ),
        # New on an enforcing device: the difference is the order itself.
        (ORDER, replace(FRESH, drift_open=3), Withholding.NONE, Status.ENFORCING),
        (ORDER, replace(OBSERVED, drift_open=3), Withholding.NONE, Status.DRIFTED),
        (ORDER, replace(FRESH, held_orders=frozenset({40})), Withholding.NONE, Status.ENFORCING),
        (FUTURE, PROVED, Withholding.NONE, Status.SCHEDULED),
        (FUTURE, replace(FRESH, failing_since=NOW), Withholding.ALL, Status.SCHEDULED),
        (EXPIRED, PROVED, Withholding.NONE, Status.EXPIRED),
        (
            EXPIRED,
            replace(PROVED, proved_for=NOW - 2 * MINUTE),
            Withholding.NONE,
            Status.REMOVING,
        ),
        # Shortened while the device was away: a later look by the older book proves nothing.
        (replace(EXPIRED, changed=43), PROVED, Withholding.NONE, Status.REMOVING),
        (EXPIRED, replace(FRESH, failing_since=NOW - HOUR), Withholding.NONE, Status.REMOVING),
        (
            EXPIRED,
            replace(FRESH, unsupported_orders=frozenset({40})),
            Withholding.ALL,
            Status.REMOVING,
        ),
        (replace(ORDER, end=NOW), PROVED, Withholding.NONE, Status.REMOVING),
        (replace(ORDER, lifted=ORDER.start), FRESH, Withholding.NONE, Status.LIFTED),
        (LIFTED, PROVED, Withholding.NONE, Status.REMOVING),
        (LIFTED, replace(PROVED, verified_seq=50), Withholding.NONE, Status.LIFTED),
        # A lift is final: a look that knows of it proves it gone, whatever the clock said.
        (
            LIFTED,
            replace(PROVED, verified_seq=50, proved_for=NOW - 2 * MINUTE),
            Withholding.NONE,
            Status.LIFTED,
        ),
        (
            replace(LIFTED, lifted=NOW + HOUR),
            replace(PROVED, verified_seq=50),
            Withholding.NONE,
            Status.LIFTED,
        ),
        (replace(LIFTED, lifted=NOW + HOUR), PROVED, Withholding.NONE, Status.REMOVING),
        (replace(LIFTED, start=NOW + HOUR), FRESH, Withholding.NONE, Status.LIFTED),
        # It began by a clock that was set back before the lift: the device may have it.
        (
            replace(LIFTED, start=NOW + HOUR),
            replace(PROVED, proved_for=NOW + HOUR),
            Withholding.NONE,
            Status.REMOVING,
        ),
        # Lifted after its end: it had expired.
        (
            replace(EXPIRED, lifted=NOW),
            PROVED,
            Withholding.NONE,
            Status.EXPIRED,
        ),
        # An observed device that was never proved since the order came was never written to.
        (
            EXPIRED,
            replace(OBSERVED, verified_seq=39, drift_open=2),
            Withholding.NONE,
            Status.EXPIRED,
        ),
        (LIFTED, replace(OBSERVED, verified_seq=39, drift_open=2), Withholding.NONE, Status.LIFTED),
        (
            LIFTED,
            replace(OBSERVED, verified_seq=40, drift_open=2),
            Withholding.NONE,
            Status.REMOVING,
        ),
        (LIFTED, replace(FRESH, verified_seq=39), Withholding.NONE, Status.REMOVING),
    ],
)
def test_precedence(
    order: Order, facts: DeviceFacts, withheld: Withholding, expected: Status
) -> None:
    assert on(order, facts, withheld) is expected


BEGUN = [ORDER, EXPIRED, LIFTED, replace(LIFTED, lifted=NOW + HOUR)]
ORDERS = [*BEGUN, FUTURE, replace(LIFTED, start=NOW + HOUR)]
INSTANTS = [None, NOW - 2 * HOUR, NOW - 2 * MINUTE, NOW]
EVERY_DEVICE = [
    DeviceFacts(seq, verified, proved, failing, "", "", drift, mode, False, unsupported)
    for seq, verified, proved, failing, drift, mode, unsupported in product(
        (0, 40, 42, 50),
        INSTANTS,
        INSTANTS,
        (None, NOW - MINUTE),
        (0, 3),
        Mode,
        (frozenset[int](), frozenset({40})),
    )
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("withheld", Withholding)
def test_every_combination_of_facts_has_one_status(order: Order, withheld: Withholding) -> None:
    now_over = order.lifted is not None or (order.end is not None and order.end <= NOW)
    for facts in EVERY_DEVICE:
        found = on(order, facts, withheld)
        over = found in (Status.REMOVING, Status.EXPIRED, Status.LIFTED)
        assert over == now_over
        assert (found is Status.SCHEDULED) == (not now_over and order.start > NOW)
        if found is Status.ENFORCED:
            assert facts.verified_seq >= order.changed
            assert facts.proved_for is not None
            assert facts.proved_for >= order.start
            assert facts.verified_at is not None
            assert NOW - facts.verified_at <= STALE
            assert not facts.drift_open
            assert withheld is Withholding.NONE
        assert proof_sentence(
            "edge1", found, OrderFacts(order, NOW, ("edge1",), withheld), facts, STALE
        ).startswith("edge1: ")


def test_every_row_of_the_table_is_reached() -> None:
    reached = {on(o, f, w) for o, f, w in product(ORDERS, EVERY_DEVICE, Withholding)}
    assert reached == {row.status for row in table()} == set(Status)


def documented(part: int) -> list[tuple[str, str]]:
    """The rows of the module's n-th table, continuation lines joined."""
    body = (status.__doc__ or "").split("=========== " + "=" * 74)[part].strip("\n")
    rows: list[tuple[str, str]] = []
    for line in body.splitlines():
        name, when = line[:12].strip(), line[12:].strip()
        if not name:
            name, begun = rows.pop()
            when = f"{begun} {when}"
        rows.append((name, when))
    return rows


def test_the_documented_tables_are_the_ones_in_use() -> None:
    assert documented(2) == [(str(row.status), row.when) for row in table()]
    assert documented(5) == [(str(row.status), row.when) for row in overall_table()]


DEVICES = {
    Status.ENFORCED: PROVED,
    Status.UNVERIFIED: replace(PROVED, verified_at=NOW - HOUR),
    Status.ENFORCING: FRESH,
    Status.FAILING: replace(FRESH, failing_since=NOW),
    Status.DRIFTED: replace(PROVED, drift_open=1),
    Status.UNSUPPORTED: replace(PROVED, unsupported_orders=frozenset({40})),
}


@pytest.mark.parametrize(
    "statuses, expected",
    [
        ([Status.ENFORCED], Status.ENFORCED),
        ([Status.ENFORCED, Status.UNVERIFIED], Status.UNVERIFIED),
        ([Status.ENFORCED, Status.ENFORCING], Status.PARTIAL),
        ([Status.ENFORCED, Status.FAILING], Status.PARTIAL),
        ([Status.UNVERIFIED, Status.DRIFTED], Status.PARTIAL),
        ([Status.ENFORCED, Status.UNSUPPORTED], Status.PARTIAL),
        ([Status.ENFORCING, Status.FAILING], Status.FAILING),
        ([Status.ENFORCING, Status.UNSUPPORTED], Status.UNSUPPORTED),
        ([Status.DRIFTED, Status.ENFORCING], Status.DRIFTED),
        ([Status.ENFORCING], Status.ENFORCING),
    ],
)
def test_over_all_devices(statuses: list[Status], expected: Status) -> None:
    facts = {f"d{i}": DEVICES[one] for i, one in enumerate(statuses)}
    found = status_of(OrderFacts(ORDER, NOW, tuple(facts)), facts, STALE)
    assert found.status is expected
    assert list(found.devices.values()) == statuses


def test_a_part_that_is_protected_shows_over_all_devices() -> None:
    order = OrderFacts(ORDER, NOW, ("a", "b"), Withholding.PART)
    assert status_of(order, {"a": PROVED, "b": FRESH}, STALE).status is Status.PARTIAL
    everything = replace(order, withheld=Withholding.ALL)
    assert status_of(everything, {"a": PROVED}, STALE).status is Status.WITHHELD


def test_a_removal_is_over_when_it_is_over_everywhere() -> None:
    order = OrderFacts(EXPIRED, NOW, ("a", "b"))
    assert status_of(order, {"a": PROVED, "b": FRESH}, STALE).status is Status.REMOVING
    assert status_of(order, {"a": PROVED}, STALE).status is Status.REMOVING
    assert status_of(order, {"a": PROVED, "b": PROVED}, STALE).status is Status.EXPIRED


@pytest.mark.parametrize(
    "order, expected",
    [
        (ORDER, Status.UNSUPPORTED),
        (FUTURE, Status.SCHEDULED),
        (EXPIRED, Status.EXPIRED),
        (LIFTED, Status.LIFTED),
    ],
)
def test_without_a_device(order: Order, expected: Status) -> None:
    assert status_of(OrderFacts(order, NOW), {}, STALE).status is expected


@given(st.lists(st.sampled_from(EVERY_DEVICE), max_size=4), st.sampled_from(ORDERS))
def test_an_order_works_only_where_all_of_its_devices_do(
    found: list[DeviceFacts], order: Order
) -> None:
    facts = {f"d{i}": one for i, one in enumerate(found)}
    result = status_of(OrderFacts(order, NOW, tuple(facts)), facts, STALE)
    if result.status is Status.ENFORCED:
        assert set(result.devices.values()) == {Status.ENFORCED}
    if result.status in (Status.EXPIRED, Status.LIFTED):
        assert set(result.devices.values()) <= {result.status}


@pytest.mark.parametrize(
    "order, facts, withheld, expected",
    [
        (ORDER, PROVED, Withholding.NONE, "proved 1m ago, change 42 included"),
        (ORDER, PROVED, Withholding.PART, "proved 1m ago; a part of it is protected space"),
        (
            ORDER,
            replace(PROVED, verified_at=NOW - HOUR),
            Withholding.NONE,
            "proved 1h ago; too old after 15m",
        ),
        (ORDER, FRESH, Withholding.NONE, "not proved yet"),
        (
            ORDER,
            replace(FRESH, paused=True),
            Withholding.NONE,
            "not proved yet; writing is paused",
        ),
        (
            ORDER,
            replace(FRESH, held_orders=frozenset({40})),
            Withholding.NONE,
            "not proved yet; it is held back",
        ),
        (ORDER, OBSERVED, Withholding.NONE, "not proved yet; the device is only observed"),
        (
            ORDER,
            replace(FRESH, failing_since=NOW - MINUTE, error_code="DeviceBusy", error="locked"),
            Withholding.NONE,
            "failing since 2026-11-21T16:59:00Z: DeviceBusy: locked (proved never)",
        ),
        (
            EXPIRED,
            FRESH,
            Withholding.NONE,
            "not proved rid of it since 2026-11-21T16:59:00Z",
        ),
        (
            EXPIRED,
            PROVED,
            Withholding.NONE,
            "proved rid of it as of 2026-11-21T16:59:00Z",
        ),
        (FUTURE, FRESH, Withholding.NONE, "starts in 1m"),
        (
            ORDER,
            replace(PROVED, drift_open=1),
            Withholding.NONE,
            "1 difference from what is desired, not repaired yet",
        ),
        (
            ORDER,
            replace(OBSERVED, drift_open=2),
            Withholding.NONE,
            "2 differences from what is desired; the device is only observed",
        ),
    ],
)
def test_sentences(order: Order, facts: DeviceFacts, withheld: Withholding, expected: str) -> None:
    situation = OrderFacts(order, NOW, ("edge1",), withheld)
    found = status_on(situation, facts, STALE)
    assert proof_sentence("edge1", found, situation, facts, STALE) == f"edge1: {expected}"
