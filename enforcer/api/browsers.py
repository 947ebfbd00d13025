# SPDX-License-Identifier: GPL-2.0-or-later
"""Headers of every answer: those that protect browsers, and the id of the request."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import Scope

REQUEST_ID = "X-Request-ID"
SECURITY: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Of every answer, unless the route says otherwise."""
_HSTS = "max-age=31536000"
"""RFC 6797; only where the request came by TLS."""


def protect(headers: MutableHeaders, scope: Scope) -> None:
    """Add what an answer to the request in `scope` has not yet."""
    for name, value in SECURITY.items():
        headers.setdefault(name, value)
    if scope.get("scheme") == "https":
        headers.setdefault("Strict-Transport-Security", _HSTS)
    if not scope["path"].startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
    if request_id := scope.get("state", {}).get("request_id"):
        headers.setdefault(REQUEST_ID, request_id)
