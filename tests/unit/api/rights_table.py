# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may call which route: a row for each route, a letter for each role that may."""

from __future__ import annotations

from collections.abc import Mapping

from enforcer.core.access import Role

LETTERS: Mapping[Role, str] = {
    Role.VIEWER: "v",
    Role.ABUSE: "a",
    Role.ENGINEER: "e",
    Role.APPROVER: "p",
    Role.ADMIN: "x",
    Role.DETECTOR: "d",
}

TABLE: Mapping[str, str] = {
    "POST /orders": "aexd",
    "POST /orders/preview": "vaepx",
    "POST /orders/bulk": "aexd",
    "GET /orders": "vaepxd",
    "GET /orders/{order_id}": "vaepxd",
    "GET /orders/{order_id}/history": "vaepxd",
    "POST /orders/{order_id}/extend": "aexd",
    "POST /orders/{order_id}/shorten": "aexd",
    "POST /orders/{order_id}/lift": "aexd",
    "PATCH /orders/{order_id}": "aexd",
    "POST /orders/{order_id}/comments": "aepx",
    "POST /orders/{order_id}/reconfirm": "aex",
    "POST /orders/{order_id}/review": "p",
    "GET /orders/{order_id}/wait": "vaepxd",
    "GET /proposals": "vaepx",
    "GET /proposals/{proposal_id}": "vaepx",
    "POST /proposals/{proposal_id}/approve": "p",
    "POST /proposals/{proposal_id}/reject": "p",
    "POST /proposals/{proposal_id}/withdraw": "aexd",
    "GET /lists": "vaepx",
    "GET /lists/{name}": "vaepx",
    "POST /lists/{name}": "aex",
    "POST /lists/{name}/refresh": "aex",
    "GET /lists/{name}/rejects": "vaepx",
    "GET /lists/{name}/diff": "vaepx",
    "GET /why": "vaepx",
    "GET /why-route": "vaepx",
    "GET /control": "vaepx",
    "POST /control/pause": "aepx",
    "POST /control/freeze": "ex",
    "POST /control/resume": "ex",
    "GET /doctor": "ex",
    "GET /devices": "vaepx",
    "GET /devices/{name}": "vaepx",
    "GET /devices/{name}/plan": "vaepx",
    "GET /devices/{name}/drift": "vaepx",
    "POST /devices/{name}/reconcile": "ex",
    "POST /devices/{name}/adopt": "ex",
    "POST /devices/{name}/pause": "ex",
    "POST /devices/{name}/resume": "ex",
    "POST /devices/{name}/release": "ex",
    "POST /devices/{name}/mode": "ex",
    "POST /devices/{name}/retire": "ex",
    "GET /snippets": "vaepx",
    "GET /customers": "vaepx",
    "GET /customers/{name}": "vaepx",
    "POST /customers/{name}/confirm-gone": "ex",
    "POST /customers/{name}/move": "ex",
    "GET /inventory": "vaepx",
    "GET /inventory/check": "ex",
    "GET /inventory/diff": "ex",
    "POST /inventory/reload": "ex",
    "GET /protected": "vaepx",
    "GET /sources": "vaepx",
    "POST /sources/{name}/stop": "aepx",
    "POST /sources/{name}/start": "ex",
    "GET /alarms": "vaepx",
    "GET /audit": "vaepx",
    "GET /audit/export": "vaepx",
    "POST /audit/verify": "vaepx",
    "GET /audit/signatures": "vaepx",
    "POST /audit/sign": "vaepx",
    "GET /audit/{sequence}": "vaepx",
    "GET /disputes": "vaepx",
    "GET /export": "vaepx",
    "GET /events": "vaepxd",
    "GET /reports": "vaepx",
    "GET /reports/{report_id}": "vaepx",
    "POST /reports/{report_id}/dismiss": "aex",
    "POST /reports/{report_id}/order": "aex",
    "POST /reports/try": "aex",
    "POST /reports/poll": "aex",
    "GET /notices": "vaepx",
    "GET /notices/channels": "vaepx",
    "POST /notices/channels/{name}/test": "ex",
    "POST /notices/{notice_id}/retry": "ex",
    "GET /me/rights": "vaepxd",
    "GET /me": "vaepx",
    "PATCH /me": "vaepx",
    "POST /me/password": "vaepx",
    "GET /sessions": "vaepx",
    "DELETE /sessions/{session_id}": "vaepx",
    "GET /users": "x",
    "POST /users": "x",
    "PATCH /users/{name}": "x",
    "PUT /users/{name}/password": "x",
    "GET /tokens": "vaepx",
    "POST /tokens": "vaepx",
    "DELETE /tokens/{name}": "vaepx",
}
"""Method and path below ``/api/v1``; what is not here fails the test."""

LOOKING = frozenset(["GET", "POST /orders/preview", "POST /audit/verify"])
"""What a read-only token may do: methods, and routes that change nothing."""
NOT_BY_READ_ONLY = frozenset(
    ["GET /doctor", "GET /inventory/check", "GET /inventory/diff", "GET /me", "GET /sessions"]
    + ["GET /tokens", "GET /users"]
)
"""Looking that needs a right beyond READ, AUDIT and METRICS."""
