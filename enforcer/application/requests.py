# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands as they travel: the bodies of requests to the API, read there and written by clients.

Instants are ISO 8601 with a zone; durations are seconds, or text such as ``2h``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StrictBool,
    StrictInt,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from enforcer.application.commands import (
    LONGEST_COMMENT,
    AmendOrder,
    ChangeEnd,
    CommentOrder,
    ImportList,
    KnownHead,
    MoveAttachment,
    PlaceOrder,
)
from enforcer.core.orders import PolicyClause, Scope
from enforcer.core.times import LONGEST, parse_duration
from enforcer.errors import InvalidInput
from enforcer.wire.scalars import Instant, Text
from enforcer.wire.shapes import DemandBody, PolicyBody, ScopeBody
from enforcer.wire.writing import written

MOST_ROWS = 10_000
"""So many orders one request may carry."""
_LONGEST_TEXT = 10_000
_LONGEST_LIST = 64 * 1024 * 1024


def _duration(value: object) -> timedelta:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except InvalidInput as refused:
            raise PydanticCustomError("duration", "{why}", {"why": str(refused)}) from refused
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("duration", 'write seconds, or text such as "2h"')
    if not 0 < value <= LONGEST.total_seconds():
        raise PydanticCustomError(
            "duration", "more than 0 seconds, and at most {days} days", {"days": LONGEST.days}
        )
    return timedelta(seconds=value)


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(lambda duration: duration.total_seconds()),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST.total_seconds()},
                {
                    "type": "string",
                    "pattern": "^([1-9][0-9]{0,3}w)?([1-9][0-9]{0,3}d)?([1-9][0-9]{0,3}h)?"
                    "([1-9][0-9]{0,3}m)?([1-9][0-9]{0,3}s)?$",
                    "minLength": 2,
                },
            ],
            "examples": [7200, "2h"],
        }
    ),
]
Said = Annotated[Text, Field(max_length=_LONGEST_TEXT)]
"""What a person writes: reasons, tickets, names."""


class Body(BaseModel):
    """Base: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlaceBody(Body):
    """One order. Exactly one of `end`, `duration` and `open_ended` says when it ends."""

    demand: DemandBody
    reason: Said
    ticket: Said | None = None
    policy: PolicyBody | None = None
    start: Instant | None = None
    start_after: Duration | None = None
    end: Instant | None = None
    duration: Duration | None = None
    open_ended: StrictBool = False
    scope: ScopeBody | None = None
    idempotency_key: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    """Of this one order; for a single order the header `Idempotency-Key` says the same."""
    confirm_wide: StrictBool = False
    confirm_collateral: StrictBool = False
    confirm_routes: StrictBool = False
    confirm_foreign: StrictBool = False
    emergency: Said = ""
    """Why it cannot wait for a second person."""

    def command(self, whose: str = "", key: str | None = None) -> PlaceOrder:
        """What is asked for; `key` where the body has none. Keys of different callers never meet:
        `whose` is theirs.
        """
        said = {name: getattr(self, name) for name in type(self).model_fields}
        said["scope"] = self.scope or Scope()
        stated = self.idempotency_key or key
        said["idempotency_key"] = f"{whose}/{stated}" if stated is not None and whose else stated
        return PlaceOrder(**said)


def place_body(command: PlaceOrder) -> dict[str, Any]:
    """The body that is read as `command`."""
    plain = command.model_dump(
        mode="json", exclude={"demand", "scope", "policy", "start_after", "duration"}
    )
    return _without_nothing(
        plain
        | {
            "demand": written(command.demand),
            "scope": written(command.scope),
            "policy": _policy(command.policy),
            "start_after": _seconds(command.start_after),
            "duration": _seconds(command.duration),
        }
    )


@dataclass(frozen=True, slots=True)
class UnreadRow:
    """A row that makes no sense: what is wrong with it, as pydantic tells it."""

    problems: Sequence[Mapping[str, Any]]


def _row(value: object, read: ValidatorFunctionWrapHandler) -> object:
    try:
        return read(value)
    except ValidationError as wrong:
        return UnreadRow(wrong.errors())


class BulkBody(Body):
    """Many orders, each by itself: one that is refused, or cannot be read, stops no other one."""

    orders: Annotated[
        list[Annotated[PlaceBody, WrapValidator(_row)]],
        Field(min_length=1, max_length=MOST_ROWS),
    ]

    def rows(self) -> list[PlaceBody | UnreadRow]:
        """What came, in its order."""
        return [*self.orders]


class ChangeEndBody(Body):
    """A new end: exactly one of `end`, `duration` (from now) and `open_ended`."""

    end: Instant | None = None
    duration: Duration | None = None
    open_ended: StrictBool = False
    reason: Said = ""
    emergency: Said = ""
    """Why a later end cannot wait for a second person."""

    def command(self, order: str, extend: bool) -> ChangeEnd:
        """What is asked for."""
        return ChangeEnd(
            order=order,
            extend=extend,
            end=self.end,
            duration=self.duration,
            open_ended=self.open_ended,
            reason=self.reason,
            emergency=self.emergency,
        )


def change_end_body(command: ChangeEnd) -> dict[str, Any]:
    """The body that is read as `command`."""
    plain = command.model_dump(mode="json", exclude={"order", "extend", "duration"})
    said = {"duration": _seconds(command.duration), "emergency": command.emergency or None}
    return _without_nothing(plain | said)


class AmendBody(Body):
    """What was written about an order; what is left out stays."""

    reason: Said | None = None
    ticket: Said | None = None
    policy: PolicyBody | None = None

    def command(self, order: str) -> AmendOrder:
        """What is asked for."""
        said = {name: getattr(self, name) for name in type(self).model_fields}
        return AmendOrder(order=order, **said)


def amend_body(command: AmendOrder) -> dict[str, Any]:
    """The body that is read as `command`."""
    stated = {"reason": command.reason, "ticket": command.ticket}
    return _without_nothing(stated | {"policy": _policy(command.policy)})


class CommentBody(Body):
    """What somebody says about an order; up to 2,000 characters, in lines."""

    text: Annotated[Text, Field(min_length=1, max_length=LONGEST_COMMENT)]

    def command(self, order: str) -> CommentOrder:
        """What is asked for."""
        return CommentOrder(order=order, text=self.text)


class ReasonBody(Body):
    """Why."""

    reason: Said = ""


class ModeBody(Body):
    """A device's mode: observe, enforce, or inventory (what the files say)."""

    mode: Text
    reason: Said = ""


class MoveBody(Body):
    """A customer's old attachment: a device, and the interface, neighbor or news site there."""

    device: Text
    place: Text
    reason: Said = ""

    def command(self, customer: str) -> MoveAttachment:
        """What is asked for."""
        return MoveAttachment(
            customer=customer, device=self.device, place=self.place, reason=self.reason
        )


class ImportBody(Body):
    """The content of a list, UTF-8 text; `format` auto, plain, csv, jsonl."""

    text: Annotated[str, Field(max_length=_LONGEST_LIST)]
    source: Said
    format: Text = "auto"
    column: Text = ""
    confirm_shrink: StrictBool = False
    dry_run: StrictBool = False

    def command(self, name: str, dry_run: bool = False) -> ImportList:
        """What is asked for."""
        return ImportList(name=name, **self.model_dump() | {"dry_run": self.dry_run or dry_run})


class RefreshBody(Body):
    """Whether a list may lose over 20 % of its entries."""

    confirm_shrink: StrictBool = False


class HeadBody(Body):
    """An entry of the audit chain that was kept elsewhere."""

    sequence: Annotated[StrictInt, Field(ge=1, le=2**53)]
    hash: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]


class VerifyBody(Body):
    """Heads that the chain must hold."""

    heads: Annotated[list[HeadBody], Field(max_length=1000)] = []

    def known(self) -> list[KnownHead]:
        """The same as commands."""
        return [KnownHead(sequence=head.sequence, hash=head.hash) for head in self.heads]


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _policy(policy: PolicyClause | None) -> dict[str, Any] | None:
    return None if policy is None else written(policy)


def _without_nothing(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
