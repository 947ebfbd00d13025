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
}
"""By the first word of an entry's kind (``list.imported``)."""


def subject_page(subject: str | None, kind: str = "", devices: Collection[str] = ()) -> str:
    """The path of the page about `subject`; empty where there is none."""
    if not subject:
        return ""
    name = quote(subject, safe="")
    if order_number(subject) is not None:
        return f"/orders/{name}"
    if subject.startswith("P.") or kind.startswith("proposal."):
        return f"/approvals/{name}"
    if subject in devices:
        return f"/devices/{name}"
    pattern = _BY_KIND.get(kind.replace("-", ".").partition(".")[0], "")
    return pattern.format(name)
