# SPDX-License-Identifier: GPL-2.0-or-later
"""How our lines are told from others: by the remark in front, by the group that they name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from drivers._router.names import PREFIX
from drivers.cisco_ios.model import Line
from enforcer.core.naming import order_text
from enforcer.core.rules import Members, Owner

_REMARK = re.compile(r"ENF-([0-9a-f]{12})(?: .*)?")
_GROUP = re.compile(r"object-group ENF-([0-9a-f]{12})-")
_OWNER = re.compile(r"controller (\S+) epoch (\d+)(?: position (\d+) digest ([0-9a-f]{8}|-))?")
_SHOWN = 3


def remark(digest: str, orders: str) -> str:
    """The remark of a line of a rule; `orders` from `told`."""
    return f"{PREFIX}{digest} {orders}".rstrip()


def remarked(text: str) -> str:
    """The digest that a remark names; "" it is none of ours."""
    found = _REMARK.fullmatch(text)
    return found[1] if found else ""


def told(members: Members | None) -> str:
    """The ids of up to three orders behind some members, and how many more there are."""
    numbers = [] if members is None else sorted(set(members.order.tolist()) - {0, -1})
    return told_of(numbers)


def told_of(numbers: Iterable[int]) -> str:
    """The same of order numbers."""
    kept = sorted(numbers)
    shown = " ".join(order_text(n) for n in kept[:_SHOWN])
    return shown + (f" +{len(kept) - _SHOWN} more" if len(kept) > _SHOWN else "")


def digests(line: Line) -> tuple[str, ...]:
    """The digests of the rules whose deny `line` is; empty: it is not ours.

    An IPv4 deny names a group of ours; any other is ours by its remark alone.
    """
    if not line.text.startswith("deny "):
        return ()
    named = _GROUP.search(line.text)
    if named is not None:
        return (named[1],)
    return tuple(dict.fromkeys(d for d in map(remarked, line.remarks) if d))


def owner_text(owner: Owner) -> str:
    """The description of the mark."""
    text = f"controller {owner.controller} epoch {owner.epoch}"
    if owner.position:
        text += f" position {owner.position} digest {owner.digest or '-'}"
    return text


def read_owner(text: str) -> Owner | None:
    """The mark of a description; None: it is none."""
    found = _OWNER.fullmatch(text)
    if found is None:
        return None
    digest = (found[4] or "").replace("-", "")
    return Owner(found[1], int(found[2]), int(found[3] or 0), digest)
