# SPDX-License-Identifier: GPL-2.0-or-later
"""Sample views, for the fake application and for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from enforcer.application.desk_views import (
    AlarmView,
    Change,
    CustomerView,
    DeviceChange,
    InventoryDiff,
    InventoryView,
    ProtectedView,
    SourceView,
)
from enforcer.application.record_views import Report, SignatureView
from enforcer.application.route_views import RouteDevice, RouteOrder, RouteSeen, WhyRouteView
from enforcer.application.views import (
    DeviceView,
    DriftView,
    EventView,
    NeighborPreview,
    OrderView,
    PassView,
    WhyOrder,
)
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    DropRoutes,
    ShutdownSession,
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
        case Blackhole():
            return format_network(demand.prefix)
        case DropRoutes():
            return f"{len(demand.prefixes)} routes"
        case ShutdownSession():
            return f"{len(demand.sessions.neighbors)} neighbors"


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


def a_customer(name: str, leaving: str = "") -> CustomerView:
    """A customer with a tenant and a shared address."""
    return CustomerView(
        name=name,
        prefixes=["192.0.2.0/25", "2001:db8:a::/48"],
        attachments=["edge1 eth1"],
        tenants=["shop"],
        contacts=["Abuse desk: mail abuse@acme.example"],
        leaving=leaving,
        shared=["192.0.2.9/32: a mail host for 40 domains"],
        orders=[],
    )


def a_source(name: str, active: int = 0) -> SourceView:
    """A source with some limits."""
    return SourceView(
        name=name,
        longest=604_800,
        active_limit=1000,
        per_minute=None,
        widest4=24,
        widest6=48,
        active=active,
        last_minute=2,
        stopped=False,
    )


def an_alarm(sequence: int, cleared: bool = False) -> AlarmView:
    """An alarm about a device."""
    return AlarmView(
        sequence=sequence,
        kind="braked",
        subject="edge1",
        said="a reload would remove 40 of 60 rules: 'enforcer device release edge1'",
        raised=NOW - timedelta(minutes=9),
        cleared=NOW - timedelta(minutes=2) if cleared else None,
    )


def an_inventory() -> InventoryView:
    """An inventory in force, with one thing in most sections."""
    mine = ProtectedView(prefix="198.51.100.0/24", reason="our own servers", origin="inventory")
    loop = ProtectedView(prefix="192.0.2.255/32", reason="loopback of edge1", origin="loopback")
    return InventoryView(
        sequence=12,
        since=NOW - timedelta(hours=3),
        origin="inventory/",
        digest="5e" * 32,
        devices=[{"name": "edge1", "platform": "nftables", "roles": ["border"], "vrfs": []}],
        customers=[{"name": "acme", "prefixes": ["192.0.2.0/25"], "leaving": ""}],
        service_sets=[{"name": "relay", "entries": [{"prefixes": ["198.51.100.25/32"]}]}],
        protected=[mine, loop],
        pools=[{"prefix": "192.0.2.64/26", "lease": 3600}],
    )


def an_inventory_change(**changes: object) -> InventoryDiff:
    """A reload that removes a customer and would be braked on a device."""
    diff = InventoryDiff(
        ok=True,
        changes=[
            Change(section="customer", name="newsco", what="added"),
            Change(section="customer", name="gone", what="kept", detail="left the files"),
        ],
        devices=[
            DeviceChange(device="edge1", adds=3, removes=40, braked=True),
            DeviceChange(
                device="edge2", adds=1, removes=0, braked=False, unsupported=["0001-Y: no IPv6"]
            ),
        ],
        warnings=["customer gone left the files: 'enforcer customer confirm-gone gone'"],
    )
    return diff.model_copy(update=changes)


def an_event(sequence: int) -> EventView:
    """An audit entry about an order."""
    return EventView(
        sequence=sequence,
        at=NOW - timedelta(minutes=10 - sequence),
        kind="order.placed",
        actor="tester",
        source="cli",
        subject=f"000{sequence}-Y",
        device=None,
        detail={"reason": "phishing"},
    )


def a_signature(sequence: int, ok: bool | None = True) -> SignatureView:
    """A signed head of the chain."""
    return SignatureView(sequence=sequence, at=NOW, hash="ab" * 32, key="12" * 32, ok=ok)


def a_report(subject: str) -> Report:
    """A report with an order and the chain's proof."""
    return Report(
        subject=subject,
        made_at=NOW,
        html=f"<!doctype html><title>{subject}</title>",
        document={
            "subject": subject,
            "orders": [{"id": "0001-Y", "reason": "phishing", "devices": ["edge1"]}],
            "chain": {"ok": True, "entries": 41},
        },
    )


def a_why_order(view: OrderView) -> WhyOrder:
    """An order that covers all of what was asked about, in both directions."""
    return WhyOrder(
        id=view.id,
        relation="covers",
        direction="both",
        what="all",
        status=view.status,
        reason=view.reason,
        issuer=view.issuer,
        since=view.start,
        until=view.end,
        devices=view.devices,
        ticket=view.ticket,
        dropped=1234,
    )


def a_why_route() -> WhyRouteView:
    """A leaked route: rejected from the customer by an order, accepted from the upstream."""
    return WhyRouteView(
        prefix="8.8.8.0/24",
        at=NOW,
        seen=[
            RouteSeen(
                device="edge1",
                neighbor="10.0.1.2",
                asn=65001,
                customer="acme",
                direction="in",
                state="rejected",
                path=[65001, 15169],
                orders=["0001-Y"],
            ),
            RouteSeen(
                device="edge1",
                neighbor="10.0.9.1",
                name="transit",
                asn=64999,
                direction="in",
                state="accepted",
                path=[64999, 15169],
            ),
        ],
        devices=[
            RouteDevice(device="edge1", in_table=True),
            RouteDevice(device="edge2", in_table=None, problem="did not answer within 30 s"),
        ],
        orders=[
            RouteOrder(
                id="0001-Y",
                kind="drop_routes",
                target="8.8.8.0/24 from customer:acme",
                status="enforced",
                reason="leak",
                issuer="tester",
                since=NOW - timedelta(hours=1),
                until=None,
            )
        ],
        certainty="partial",
    )


def a_neighbor_preview(**changes: object) -> NeighborPreview:
    """A customer who leaked two routes beside his own."""
    preview = NeighborPreview(
        device="edge1",
        neighbor="10.0.1.2",
        asn=65001,
        customer="acme",
        direction="in",
        routes=3,
        lost=2,
        remaining=1,
        lost_first=["1.1.1.0/24 via 65001 13335", "8.8.8.0/24 via 65001 15169"],
        remaining_first=["192.0.2.0/25 via 65001"],
    )
    return preview.model_copy(update=changes)
