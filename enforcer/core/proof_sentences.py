# SPDX-License-Identifier: GPL-2.0-or-later
"""Why an order has its status on a device, as one sentence for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from enforcer.core.status import DeviceFacts, Kept, OrderFacts, Status, Withholding
from enforcer.core.times import format_duration, say_when
from enforcer.core.topology import Mode


def proof_sentence(
    device: str, status: Status, order: OrderFacts, facts: DeviceFacts, stale_after: timedelta
) -> str:
    """``edge1: proved 12s ago, change 42 included``."""
    return f"{device}: {_why(device, status, order, facts, stale_after)}"


def release_words(device: str, why: str) -> str:
    """What the brake says about a device that it holds."""
    return f"held by the brake until `enforcer device release {device}`: {why}"


MARKER_WORDS = "held by a marker on the device: nothing is written until it is taken away"


_ALWAYS = {
    Status.WITHHELD: "all of it is protected space; nothing of it stands",
    Status.UNSUPPORTED: "the device cannot hold it, or not all of it",
}


def _why(
    device: str, status: Status, order: OrderFacts, facts: DeviceFacts, stale_after: timedelta
) -> str:
    now = order.now
    match status:
        case Status.SCHEDULED:
            return f"starts in {format_duration(order.order.start - now)}"
        case Status.FAILING:
            return _failing(facts, now)
        case Status.DRIFTED:
            return _drifted(device, order, facts)
        case Status.ENFORCING | Status.REMOVING:
            return _waiting(device, status, order, facts)
        case Status.EXPIRED | Status.LIFTED:
            return _gone(facts)
        case Status.ENFORCED | Status.UNVERIFIED | Status.PARTIAL:
            kept = order.kept.get(device)
            limits = _limits(status, facts, stale_after, kept)
            return f"{_proved(facts, now)}{limits}{_kept(device, kept)}"
        case _:
            return _ALWAYS[status]


def _limits(status: Status, facts: DeviceFacts, stale_after: timedelta, kept: Kept | None) -> str:
    if status is Status.UNVERIFIED and facts.failing_since is not None:
        error = f": {facts.error_code}: {facts.error}" if facts.error_code else ""
        return f"; failing since {say_when(facts.failing_since)}{error}"
    if status is Status.UNVERIFIED:
        return f"; too old after {format_duration(stale_after)}"
    if status is Status.PARTIAL and (kept is None or kept.withheld is Withholding.PART):
        return "; a part of it is protected space"
    return f", change {facts.verified_seq} included"


def _kept(device: str, kept: Kept | None) -> str:
    """What the brake keeps there, and until when."""
    if kept is None:
        return ""
    asks = "asks for something else there" if kept.wanted else "does not want it there"
    return (
        f"; as the inventory before says: the present one {asks}, which is"
        f" {release_words(device, kept.why)}"
    )


def _ago(instant: datetime | None, now: datetime) -> str:
    if instant is None:
        return "never"
    return f"{format_duration(max(now - instant, timedelta(0)))} ago"


def _proved(facts: DeviceFacts, now: datetime) -> str:
    return f"proved {_ago(facts.verified_at, now)}"


def _failing(facts: DeviceFacts, now: datetime) -> str:
    since = f"failing since {say_when(facts.failing_since)}" if facts.failing_since else ""
    error = f": {facts.error_code}: {facts.error}" if facts.error_code else ""
    return f"{since}{error} ({_proved(facts, now)})"


def _drifted(device: str, order: OrderFacts, facts: DeviceFacts) -> str:
    if order.order.number in facts.contested_orders:
        return f"{_contested(facts)}, left as it is until `enforcer device release {device}`"
    count = facts.drift_open
    differ = "1 difference" if count == 1 else f"{count} differences"
    if facts.mode is Mode.OBSERVE:
        return f"{differ} from what is desired; the device is only observed"
    said = f"{differ} from what is desired, not repaired yet"
    held = MARKER_WORDS if facts.marker else ""
    held = held or (release_words(device, facts.braked) if facts.braked else "")
    return f"{said}; {held}" if held else said


def _contested(facts: DeviceFacts) -> str:
    by = ", ".join(facts.contested_by) or "somebody"
    return f"contested: {by} changed it back again and again"


def _held(device: str, order: OrderFacts, facts: DeviceFacts) -> str:
    """Why writing is held back there beyond a pause; "" where it is not."""
    if facts.marker:
        return MARKER_WORDS
    if facts.braked and order.order.number in facts.held_orders:
        return release_words(device, facts.braked)
    return ""


def _waiting(device: str, status: Status, order: OrderFacts, facts: DeviceFacts) -> str:
    what = "not proved yet"
    if status is Status.REMOVING and order.order.ends is not None:
        what = f"not proved rid of it since {say_when(order.order.ends)}"
    if facts.failing_since is not None:
        return f"{what}; {_failing(facts, order.now)}"
    held = _held(device, order, facts)
    if held:
        return f"{what}; {held}"
    if facts.waiting and order.order.number in facts.held_orders:
        return f"{what}; {facts.waiting}"
    if facts.paused:
        return f"{what}; writing is paused"
    if order.order.number in facts.held_orders:
        why = _contested(facts) if facts.contested_by else "it is held back"
        return f"{what}; {why}"
    if (facts.present or facts.inventory) not in ("", order.inventory):
        return f"{what}; the inventory changed since, and the device was not looked at yet"
    if facts.mode is Mode.OBSERVE:
        return f"{what}; the device is only observed"
    return what


def _gone(facts: DeviceFacts) -> str:
    if facts.proved_for is None:
        return "never had it"
    return f"proved rid of it as of {say_when(facts.proved_for)}"
