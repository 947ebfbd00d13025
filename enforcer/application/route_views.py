# SPDX-License-Identifier: GPL-2.0-or-later
"""What the application answers about routes: documented, stable shapes (frozen by a test)."""

from __future__ import annotations

from datetime import datetime

from enforcer.application.views import View


class RouteSeen(View):
    """What becomes of one route on one BGP session."""

    device: str
    neighbor: str
    name: str = ""
    asn: int | None = None
    customer: str | None = None
    direction: str
    """in: what the neighbor sends us; out: what we send it."""
    state: str
    """accepted; rejected; not-announced; shut (the session is, by an order); unknown (the device
    cannot tell)."""
    path: list[int] = []
    """The AS path of the route, the neighbor's AS first."""
    orders: list[str] = []
    """Orders that reject it there, or shut the session: in force, or not proved gone yet. None of
    a rejected route: a filter that is not ours rejects it."""
    would_reject: list[str] = []
    """Orders that would reject it if it were announced, or that do where the device cannot tell."""
    depends_on_path: bool = False
    """They would with some AS paths only."""


class RouteOrder(View):
    """One order that has to do with the asked route."""

    id: str
    kind: str
    target: str
    status: str
    reason: str
    issuer: str
    since: datetime
    until: datetime | None
    ticket: str | None = None


class RouteDevice(View):
    """What one device says of the asked route."""

    device: str
    in_table: bool | None
    """Whether its routing table has a route for exactly this prefix; null: it cannot tell."""
    problem: str | None = None
    """Why it cannot tell."""


class WhyRouteView(View):
    """What becomes of a route, session by session, and why."""

    prefix: str
    at: datetime
    seen: list[RouteSeen]
    """Sessions on which it is announced, or which an order keeps it from."""
    devices: list[RouteDevice]
    orders: list[RouteOrder]
    blackholes: list[str] = []
    """Orders that announce a blackhole for it, or for space around it."""
    customer: str | None = None
    """Whose space it is; of several owners their names, with commas."""
    protected: list[str] = []
    certainty: str = "verified"
    """verified: every device with BGP neighbors told; partial: some did; unknown: none."""
