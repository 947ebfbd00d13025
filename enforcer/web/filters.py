# SPDX-License-Identifier: GPL-2.0-or-later
"""Filters of lists, kept in the URL so that a list can be sent to a colleague."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams

from enforcer.application.commands import OrderFilter
from enforcer.core.status import Status
from enforcer.web.look import KINDS

VIEWS = {"active": True, "ended": False, "all": None}
COLUMNS = {"status": "State", "ends": "Ends", "by": "By", "devices": "Devices"}
STANDARD = ("status", "ends", "by")
PAGE = 50
_LARGEST = 500


@dataclass(frozen=True)
class OrdersAsked:
    """What of the orders is asked for; what is not known is left out, so that old links work."""

    view: str = "active"
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    customer: str = ""
    text: str = ""
    before: str = ""
    limit: int = PAGE
    columns: tuple[str, ...] = STANDARD

    @staticmethod
    def of(query: QueryParams) -> OrdersAsked:
        """What a URL says."""
        stated = query.get("view", "active")
        limit = query.get("limit", "")
        return OrdersAsked(
            stated if stated in VIEWS else "active",
            _known(query.getlist("status"), list(Status)),
            _known(query.getlist("kind"), KINDS),
            query.get("customer", "").strip(),
            query.get("q", "").strip(),
            query.get("before", "").strip(),
            min(max(int(limit), 1), _LARGEST) if limit.isdecimal() and len(limit) < 6 else PAGE,
            _known(query.getlist("column"), COLUMNS) or STANDARD,
        )

    def query(self) -> dict[str, object]:
        """The same as a query; what is as usual is left out."""
        return {
            "view": self.view if self.view != "active" else "",
            "status": list(self.statuses),
            "kind": list(self.kinds),
            "customer": self.customer,
            "q": self.text,
            "before": self.before,
            "limit": self.limit if self.limit != PAGE else "",
            "column": list(self.columns) if self.columns != STANDARD else [],
        }

    def filter(self, more: int = 0) -> OrderFilter:
        """What the application is asked for; `more` orders beyond the limit."""
        return OrderFilter(
            active=VIEWS[self.view],
            statuses=self.statuses,
            kinds=self.kinds,
            customer=self.customer or None,
            text=self.text or None,
            before=self.before or None,
            limit=self.limit + more,
        )

    def after(self, last: str) -> OrdersAsked:
        """The next page."""
        return replace(self, before=last)

    @property
    def narrowed(self) -> bool:
        """Whether anything but the view is asked for."""
        return bool(self.statuses or self.kinds or self.customer or self.text)


def _known(stated: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    known = [str(one) for one in known]
    return tuple(one for one in dict.fromkeys(stated) if one in known)
