# SPDX-License-Identifier: GPL-2.0-or-later
"""Where one can go: shown to those who may, once the page is there."""

from __future__ import annotations

from dataclasses import dataclass

from enforcer.core.access import Action


@dataclass(frozen=True)
class Place:
    """One entry of the navigation; `tab`: also in the bar at the bottom of a small screen."""

    path: str
    label: str
    icon: str
    action: Action = Action.READ
    tab: bool = False
    also: tuple[str, ...] = ()
    """Further paths that belong here, though another entry is above them."""

    def covers(self, path: str) -> bool:
        """Whether a page at `path` belongs here."""
        if path == self.path or path in self.also:
            return True
        return self.path != "/" and path.startswith(self.path + "/")


GROUPS: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "Desk",
        (
            Place("/", "Overview", "home", tab=True),
            Place(
                "/orders/new",
                "New order",
                "plus",
                Action.PLACE,
                True,
                ("/orders/preview", "/orders/paste"),
            ),
            Place("/orders", "Orders", "orders", tab=True),
            Place("/approvals", "Approvals", "approve", tab=True),
            Place("/reports", "Reports", "inbox"),
            Place("/notices", "Notices", "send"),
        ),
    ),
    (
        "Network",
        (
            Place("/devices", "Devices", "device"),
            Place("/drift", "Drift", "drift"),
            Place("/alarms", "Alarms", "bell"),
            Place("/customers", "Customers", "customers"),
            Place("/inventory", "Inventory", "layers"),
        ),
    ),
    (
        "Policy",
        (
            Place("/lists", "Lists", "list", also=("/import-list",)),
            Place("/protected", "Protected", "shield"),
            Place("/sources", "Sources", "source"),
        ),
    ),
    (
        "Record",
        (
            Place("/audit", "Audit", "audit", Action.AUDIT),
            Place("/accounts", "Accounts", "key", Action.ACCOUNTS),
            Place("/status", "Status", "info"),
        ),
    ),
)


def current(path: str) -> str:
    """The path of the entry that a page belongs to: the longest that covers it."""
    found = [place.path for _, group in GROUPS for place in group if place.covers(path)]
    return max(found, key=len, default="")
