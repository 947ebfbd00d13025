# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the page is of what an alarm or an entry of the record is about."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

from enforcer.core.orders import order_number

_BY_KIND = {
    "list": "/lists/{}",
    "feed": "/lists/{}",
    "customer": "/customers/{}",
    "attachment": "/customers/{}",
    "user": "/accounts/{}",
    "source": "/sources",
    "inventory": "/inventory",
    "report": "/reports/{}",
    "proposal": "/approvals/{}",
}
"""By the first word of an entry's kind (``list.imported``): a name may look like an order's id."""
_NO_PAGE = frozenset({"login", "session", "token"})
"""What these name has no page of its own, or need not be an account."""


def subject_page(
    subject: str | None,
    kind: str = "",
    devices: Collection[str] = (),
    *,
    accounts: bool = True,
) -> str:
    """The path of the page about `subject`; empty where there is none.

    `accounts`: whether who reads it may see accounts.
    """
    if not subject:
        return ""
    name = quote(subject, safe="")
    what = kind.replace("-", ".").partition(".")[0]
    if what in _NO_PAGE or (what == "user" and not accounts):
        return ""
    if what in _BY_KIND:
        return _BY_KIND[what].format(name)
    if subject in devices:
        return f"/devices/{name}"
    if subject.startswith("P."):
        return f"/approvals/{name}"
    return f"/orders/{name}" if order_number(subject) is not None else ""
