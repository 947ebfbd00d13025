# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the page is of what an alarm or an entry of the record is about."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import quote

from enforcer.core.orders import order_number

_ACCOUNT = "/accounts/{}"
_BY_KIND = {
    "list": "/lists/{}",
    "feed": "/lists/{}",
    "customer": "/customers/{}",
    "attachment": "/customers/{}",
    "user": _ACCOUNT,
    "source": "/sources",
    "inventory": "/inventory",
    "report": "/reports/{}",
    "device": "/devices/{}",
    "order": "/orders/{}",
    "proposal": "/approvals/{}",
}
"""By the first word of an entry's kind (``list.imported``): a name may look like an order's id."""


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
    if subject in devices:
        return f"/devices/{name}"
    pattern = _BY_KIND.get(kind.replace("-", ".").partition(".")[0], "")
    if pattern and not (pattern == "/orders/{}" and order_number(subject) is None):
        return pattern.format(name) if accounts or pattern != _ACCOUNT else ""
    if subject.startswith("P."):
        return f"/approvals/{name}"
    return f"/orders/{name}" if order_number(subject) is not None else ""
