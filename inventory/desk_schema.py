# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema of what the order desk goes by: shared space, pools, protection, feeds, limits."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, PositiveInt, model_validator
from pydantic_core import PydanticCustomError

from inventory.fields import (
    Name,
    NetworkField,
    SecondsField,
    StrictModel,
    Text,
    as_mapping,
    refuse,
)

Length4 = Annotated[int, Field(ge=0, le=32)]
Length6 = Annotated[int, Field(ge=0, le=128)]


class SharedEntry(StrictModel):
    """See `enforcer.core.topology.SharedSpace`; the key is the name."""

    prefixes: Annotated[list[NetworkField], Field(min_length=1)]
    kind: Literal["shared", "cgnat"] = "shared"
    users: list[Name] = []

    @model_validator(mode="after")
    def _shared_by_somebody(self) -> Self:
        if self.kind == "shared" and not self.users:
            raise refuse(
                "expected 'users', the customers and tenants who share it; only a translated"
                " range (kind: cgnat) may have none"
            )
        return self


class PoolEntry(StrictModel):
    """See `enforcer.core.topology.DynamicPool`; the key is the name."""

    prefixes: Annotated[list[NetworkField], Field(min_length=1)]
    lease: SecondsField


class ProtectedEntry(StrictModel):
    """Space that no order may block, and why."""

    prefix: NetworkField
    reason: Text


class InfrastructurePrefix(StrictModel):
    """What keeps the network running; a text alone is a prefix without a reason."""

    prefix: NetworkField
    reason: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _text_is_a_prefix(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        if isinstance(value, str | dict):
            return as_mapping(value, "prefix")
        raise refuse("expected an address or a prefix as text, or {prefix: ..., reason: ...}")


class InfrastructureEntry(StrictModel):
    """What is protected because nothing works without it."""

    controller: list[InfrastructurePrefix] = []
    ix: list[InfrastructurePrefix] = []
    aaa: list[InfrastructurePrefix] = []
    dns: list[InfrastructurePrefix] = []
    ntp: list[InfrastructurePrefix] = []
    syslog: list[InfrastructurePrefix] = []
    database: list[InfrastructurePrefix] = []
    identity: list[InfrastructurePrefix] = []


def _feed_source(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise PydanticCustomError("source", "expected a path or an https URL as text")
    if "://" not in value:
        return value
    why = _why_no_url(value)
    if why:
        raise PydanticCustomError("source", "{why}", {"why": why})
    return value


def _why_no_url(text: str) -> str:
    """What is wrong with it; the text is not shown, it may hold a password."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "this is not a URL: write one such as https://example.net/list.txt"
    if parts.scheme != "https":
        return "expected an https URL: what comes unprotected may be anybody's list"
    if parts.username or parts.password:
        return "the URL holds a name or a password: secrets are not written into the inventory"
    return "" if parts.hostname else "the URL names no host"


class FeedEntry(StrictModel):
    """See `enforcer.core.topology.Feed`; the key is the list's name."""

    source: Annotated[str, PlainValidator(_feed_source)]
    every: SecondsField = 3600
    stale_after: SecondsField = 86_400
    format: Literal["auto", "plain", "csv", "jsonl"] = "auto"
    column: str = ""
    widest4: Length4 = 8
    widest6: Length6 = 16
    most: PositiveInt | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.stale_after < self.every:
            raise refuse("'stale_after' is shorter than 'every': it would be stale at each fetch")
        if self.column and self.format == "plain":
            raise refuse("'column' means nothing in a plain list: remove it, or state the format")
        return self


class SourceEntry(StrictModel):
    """See `enforcer.core.topology.SourceLimits`; null: no limit."""

    longest: SecondsField | None = None
    active: PositiveInt | None = None
    per_minute: PositiveInt | None = None
    widest4: Length4 | None = 24
    widest6: Length6 | None = 48


class BrakeEntry(StrictModel):
    """See `enforcer.core.topology.BrakeLimits`."""

    rows: Annotated[int, Field(ge=0)] = 1000
    percent: Annotated[float, Field(ge=0, le=100)] = 20.0
    floor: Annotated[int, Field(ge=0)] = 10


class LimitsEntry(StrictModel):
    """Limits of the whole installation; each may be stated in one file only."""

    brake: BrakeEntry | None = None


class SettingsEntry(StrictModel):
    """What holds for the whole inventory; each key may be stated in one file only."""

    documentation_space: bool | None = None
