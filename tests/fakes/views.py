# SPDX-License-Identifier: GPL-2.0-or-later
"""Sample views, for the fake application and for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from enforcer.application.views import DeviceView, DriftView, PassView
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    SuspendCustomer,
)
from enforcer.core.prefixes import format_network

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def target_of(demand: Demand) -> str:
    """A short text about what a demand is against."""
    match demand:
        case BlockAddress():
            return format_network(demand.prefix)
        case BlockPort():
            return " ".join((*map(str, demand.target.prefixes), *demand.target.customers))
        case BlockFlow():
            return f"{len(demand.source.prefixes)} prefixes"
        case BlockList():
            return demand.list_name
        case SuspendCustomer() | CutFeed():
            return demand.customer


def a_device(name: str, status: str = "ok", error: str | None = None) -> DeviceView:
    """A device that is known."""
    return DeviceView(
        name=name,
        platform="nftables",
        site="south",
        roles=["border"],
        mode="enforce",
        status=status,
        verified_at=NOW - timedelta(seconds=40),
        orders=2,
        members=1_000_004,
        error=error,
        failing_since=NOW - timedelta(minutes=5) if error else None,
        traits=["atomic", "watchable"],
        owner="C0FFEE, epoch 3",
    )


def a_drift(name: str, missing: int = 0, examples: Sequence[str] = ()) -> DriftView:
    """What a read of a device found."""
    return DriftView(
        device=name,
        at=NOW,
        missing=missing,
        extra=0,
        altered=0,
        verified=4,
        findings=[],
        examples=list(examples),
    )


def a_pass(name: str, outcome: str = "clean") -> PassView:
    """A pass over a device."""
    return PassView(
        device=name,
        outcome=outcome,
        sentence=f"{name}: {outcome}; 4 rules verified",
        added=0,
        removed=0,
        verified=4,
        drift=0,
        seconds=0.25,
    )
