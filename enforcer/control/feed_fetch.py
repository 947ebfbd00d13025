# SPDX-License-Identifier: GPL-2.0-or-later
"""What fetching a feed means, whoever does it (`enforcer.control.feed_fetcher`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from enforcer.errors import EnforcerError

SECONDS = 60.0
"""A whole fetch may take so long."""


class FeedFailed(EnforcerError):
    """A feed brought nothing: the list stays as it is, and the next try comes by itself."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a feed brought. `body` None: the same as before. The validators are for next time."""

    body: bytes | None
    etag: str = ""
    modified: str = ""


class Fetch(Protocol):
    """Gets a feed's content."""

    def __call__(self, source: str, etag: str = "", modified: str = "") -> Fetched:
        """`etag`, `modified`: validators of what is known. Raises FeedFailed."""
        ...


def shown_source(source: str) -> str:
    """A path or URL fit for the record: a name, a password or a query may be a secret."""
    if "://" not in source:
        return source
    parts = urlsplit(source)
    place = parts.netloc.rpartition("@")[2]
    plain = parts._replace(netloc=place, query="", fragment="").geturl()
    return f"{plain}?..." if parts.query else plain
