# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of paths and queries that several routes share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime

from enforcer.errors import InvalidInput

OrderId = Annotated[str, Path(max_length=64, examples=["0001-Y"])]
Name = Annotated[str, Path(max_length=255)]
Sequence = Annotated[int, Path(ge=1, le=2**53)]
AddressQuery = Annotated[
    str, Query(max_length=100, description="An address or a prefix.", examples=["192.0.2.7"])
]
DryRun = Annotated[bool, Query(description="Say what would be done, and do nothing.")]
Names = Annotated[tuple[str, ...], Query(max_length=50)]
OptionalName = Annotated[str | None, Query(max_length=255)]


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(f"{instant.isoformat()} is beyond the calendar") from None


InstantQuery = Annotated[AwareDatetime, AfterValidator(_utc)]
"""An instant with its zone."""
