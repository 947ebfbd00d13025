# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of accounts and sources, roles, zones and networks: what is accepted as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_network
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from enforcer.core.access import Role
from enforcer.core.source_names import EVERYBODY, PEOPLE
from enforcer.errors import InvalidInput

RESERVED = PEOPLE | {EVERYBODY}
"""Sources that the program uses itself."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_SOURCE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_NOT_PEOPLE = frozenset({"controller", "shell", "unknown", "nobody"})
_LONGEST_TEXT = 200


def is_account_name(name: str) -> bool:
    """Whether an account can be called so."""
    return _NAME.fullmatch(name) is not None and name not in _NOT_PEOPLE


def account_name(name: str) -> str:
    """The name of a new account, in lower case. Raises InvalidInput."""
    lower = name.strip().casefold()
    if not is_account_name(lower):
        raise InvalidInput(
            f"{name[:80]!r} cannot be the name of an account: up to 64 of a-z, 0-9, . _ @ + -,"
            f" the first one a letter or digit, and none of {', '.join(sorted(_NOT_PEOPLE))}"
        )
    return lower


def source_name(name: str) -> str:
    """The source of a token. Raises InvalidInput."""
    if name in RESERVED or _SOURCE.fullmatch(name) is None:
        raise InvalidInput(
            f"{name[:80]!r} cannot be the source of this token: up to 64 of a-z, 0-9, . _ -, and"
            f" none of {', '.join(sorted(RESERVED))}, which are others'"
        )
    return name


def roles(names: Iterable[str], *, of_person: bool) -> tuple[Role, ...]:
    """Roles in the order that they are declared in. Raises InvalidInput."""
    asked = set()
    for name in names:
        try:
            asked.add(Role(name.strip().lower()))
        except ValueError:
            known = ", ".join(role.value for role in Role)
            raise InvalidInput(f"{name[:80]!r} is no role: take {known}") from None
    if of_person and Role.DETECTOR in asked:
        raise InvalidInput("the role detector is for tokens: people are not limited like that")
    return tuple(role for role in Role if role in asked)


def zone(name: str) -> str:
    """An IANA time zone. Raises InvalidInput."""
    if name == "UTC":
        return name
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"{name[:80]!r} is no time zone that this machine knows: write it as Europe/Athens"
        ) from None
    return name


def networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Prefixes from which a token may be used. Raises InvalidInput."""
    found = []
    for text in texts:
        try:
            found.append(str(ip_network(text.strip())))
        except ValueError as problem:
            raise InvalidInput(f"{text[:80]!r} is no address or prefix: {problem}") from None
    return tuple(found)


def line(text: str, what: str) -> str:
    """One short line of text. Raises InvalidInput."""
    stripped = text.strip()
    if len(stripped) > _LONGEST_TEXT or not stripped.isprintable():
        raise InvalidInput(f"the {what} is not one line of at most {_LONGEST_TEXT} characters")
    return stripped
