# SPDX-License-Identifier: GPL-2.0-or-later
"""What our objects on an FRR are called. Pure.

A name says what is in it: a list's its rule and a digest of its entries, a route-map's a digest
of its sequences; so that what somebody edited is told from what we made. The letter at the end
makes a second object of the same content while the first one is spoilt. Behind a dot a
route-map's name says which one the neighbor itself has: who edits or deletes ours while it is
attached does not make anybody forget his.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable
from string import ascii_lowercase
from typing import NamedTuple

from drivers._router.names import PREFIX
from drivers.frr.model import MapEntry

SHUT = "ENF"
"""The first word of the message of a shutdown of ours."""
LAST = 65535
"""The number of a route-map's last sequence."""
_LIST = re.compile(r"^ENF-([0-9a-f]{12})-([0-9a-f]{8})[a-z]$")
_MAP = re.compile(r"^ENF-([IO])([46])-([0-9a-f]{12})[a-z](?:\.(\S+))?$")


class ListName(NamedTuple):
    """`digest` of the rule, `stamp` of the entries."""

    digest: str
    stamp: str


def list_name(name: str) -> ListName | None:
    """What a list's name says; None: it is none of ours."""
    found = _LIST.match(name)
    return ListName(found[1], found[2]) if found else None


def map_stamp(name: str) -> str:
    """The digest of the content that a route-map's name says; "": it filters nothing of ours."""
    found = _MAP.match(name)
    return found[3] if found else ""


def own_of(name: str) -> str | None:
    """The route-map that the neighbor itself has, by the name of ours in its place; "" none.

    None: the name does not tell.
    """
    found = _MAP.match(name)
    return (found[4] or "") if found else None


def ours(name: str) -> bool:
    """Whether an object is ours."""
    return name.startswith(PREFIX)


def stamp_of(texts: Iterable[str], size: int = 4) -> str:
    """2 * `size` hexadecimal digits of some lines, in their order."""
    return hashlib.blake2b("\n".join(texts).encode(), digest_size=size).hexdigest()


def stamp_of_map(entries: Iterable[MapEntry]) -> str:
    """The same of a route-map; the order of the lines of a sequence says nothing."""
    return stamp_of((f"{e.action} {e.number} {sorted(e.lines)}" for e in entries), 6)


def free(base: str, taken: Container[str], end: str = "") -> str:
    """`base` with the first letter, and `end`, that make a name which is not `taken`."""
    names = (f"{base}{letter}{end}" for letter in ascii_lowercase)
    return next(name for name in names if name not in taken)
