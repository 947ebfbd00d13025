# SPDX-License-Identifier: GPL-2.0-or-later
"""The codes of refusals that are about BGP alone: their cases are in `test_refused_routes`."""

ROUTE_CODES = frozenset(
    {
        "nothing-can-be-kept",
        "no-rtbh-speaker",
        "unknown-upstream",
        "blackhole-from-only",
        "source-blackhole-needs-urpf",
        "foreign-destination",
        "sessions-missing",
        "no-session",
        "internal-session",
        "upstream-session",
        "exceptions-need-routes",
        "no-routes",
        "bad-routes",
        "too-many-routes",
        "nothing-registered",
        "loses-all-routes",
        "loses-default-route",
        "loses-protected-route",
        "routes-unread",
    }
)
