# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be read as an order: fields, types and defaults, straight into the core's classes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, cast

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    TypeAdapter,
    with_config,
)
from typing_extensions import TypedDict

from enforcer.core.orders import (
    MOST_ROUTES,
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    DropRoutes,
    Order,
    PolicyClause,
    RouteChoice,
    Scope,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendBy,
    SuspendCustomer,
)
from enforcer.wire.scalars import Address, Asn, Instant, Ports, Prefix, Protocol, Text

_strict = with_config(ConfigDict(extra="forbid"))


@_strict
class _SelectionShape(TypedDict):
    prefixes: NotRequired[tuple[Prefix, ...]]
    customers: NotRequired[tuple[Text, ...]]
    service_sets: NotRequired[tuple[Text, ...]]


_NOTHING, _ANYWHERE = Selection(), Scope()
"""What most orders except and how most are limited: one object for all of them."""


def _selection(shape: _SelectionShape) -> Selection:
    return Selection(**shape) if any(shape.values()) else _NOTHING


_Selection = Annotated[_SelectionShape, AfterValidator(_selection)]


@_strict
class _PolicyShape(TypedDict):
    pack: Text
    version: Text
    clause: Text


def _policy(shape: _PolicyShape) -> PolicyClause:
    return PolicyClause(**shape)


@_strict
class _ScopeShape(TypedDict):
    devices: NotRequired[tuple[Text, ...]]
    roles: NotRequired[tuple[Text, ...]]
    sites: NotRequired[tuple[Text, ...]]


def _scope(shape: _ScopeShape) -> Scope:
    return Scope(**shape) if any(shape.values()) else _ANYWHERE


@_strict
class _Common(TypedDict):
    vrf: NotRequired[Text]
    exceptions: NotRequired[_Selection]


@_strict
class _BlockAddress(_Common):
    kind: Literal["block_address"]
    prefix: Prefix
    direction: NotRequired[Direction]


@_strict
class _BlockPort(_Common):
    kind: Literal["block_port"]
    target: _Selection
    protocols: tuple[Protocol, ...]
    ports: tuple[Ports, ...]
    direction: NotRequired[Direction]


@_strict
class _BlockFlow(_Common):
    kind: Literal["block_flow"]
    source: _Selection
    destination: _Selection
    protocols: NotRequired[tuple[Protocol, ...]]
    ports: NotRequired[tuple[Ports, ...]]
    direction: NotRequired[Direction]


@_strict
class _BlockList(_Common):
    kind: Literal["block_list"]
    list_name: Text
    direction: NotRequired[Direction]


@_strict
class _SuspendCustomer(TypedDict):
    kind: Literal["suspend_customer"]
    customer: Text
    exceptions: _Selection
    by: NotRequired[SuspendBy]
    mode: NotRequired[Literal["traffic"]]
    vrf: NotRequired[Text]


@_strict
class _CutFeed(_Common):
    kind: Literal["cut_feed"]
    customer: Text
    news_servers: NotRequired[Text]


@_strict
class _SessionsShape(TypedDict):
    customers: NotRequired[tuple[Text, ...]]
    asns: NotRequired[tuple[Asn, ...]]
    neighbors: NotRequired[tuple[Address, ...]]


def _sessions(shape: _SessionsShape) -> Sessions:
    return Sessions(**shape)


_Sessions = Annotated[_SessionsShape, AfterValidator(_sessions)]
_Length4 = Annotated[StrictInt, Field(ge=0, le=31)] | None
_Length6 = Annotated[StrictInt, Field(ge=0, le=127)] | None


@_strict
class _DropRoutes(_Common):
    kind: Literal["drop_routes"]
    sessions: _Sessions
    prefixes: NotRequired[Annotated[tuple[Prefix, ...], Field(max_length=MOST_ROUTES)]]
    choice: NotRequired[RouteChoice]
    or_longer: NotRequired[StrictBool]
    origin_as: NotRequired[Asn | None]
    path_as: NotRequired[Asn | None]
    longer_than4: NotRequired[_Length4]
    longer_than6: NotRequired[_Length6]
    direction: NotRequired[Literal["in", "out"]]


@_strict
class _Blackhole(_Common):
    kind: Literal["blackhole"]
    prefix: Prefix
    direction: NotRequired[Direction]
    exports: NotRequired[tuple[Text, ...]]


@_strict
class _ShutdownSession(_Common):
    kind: Literal["shutdown_session"]
    sessions: _Sessions


def _demanded(core: type[Demand]) -> AfterValidator:
    # The shape's keys are the class's fields, which the tests compare.
    return AfterValidator(lambda shape: core(**shape))


_AnyDemand = Annotated[
    Annotated[_BlockAddress, _demanded(BlockAddress)]
    | Annotated[_BlockPort, _demanded(BlockPort)]
    | Annotated[_BlockFlow, _demanded(BlockFlow)]
    | Annotated[_BlockList, _demanded(BlockList)]
    | Annotated[_SuspendCustomer, _demanded(SuspendCustomer)]
    | Annotated[_CutFeed, _demanded(CutFeed)]
    | Annotated[_DropRoutes, _demanded(DropRoutes)]
    | Annotated[_Blackhole, _demanded(Blackhole)]
    | Annotated[_ShutdownSession, _demanded(ShutdownSession)],
    Field(discriminator="kind"),
]


@_strict
class _OrderShape(TypedDict):
    number: StrictInt
    changed: StrictInt
    demand: _AnyDemand
    reason: Text
    issuer: Text
    source: Text
    created: Instant
    start: Instant
    end: Instant | None
    ticket: NotRequired[Text | None]
    policy: NotRequired[Annotated[_PolicyShape, AfterValidator(_policy)] | None]
    scope: NotRequired[Annotated[_ScopeShape, AfterValidator(_scope)]]
    idempotency_key: NotRequired[Text | None]
    lifted: NotRequired[Instant | None]
    lift_reason: NotRequired[Text | None]


def _order(shape: Any) -> Order:  # noqa: ANN401  # its parts are the core's own by now
    return Order(**shape)


DemandBody = _AnyDemand
"""A demand as it is sent: for bodies of requests, which are read into the core's classes too."""
ScopeBody = Annotated[_ScopeShape, AfterValidator(_scope)]
PolicyBody = Annotated[_PolicyShape, AfterValidator(_policy)]

# A shape's validators have the last word on what comes out, which type checkers do not see.
DEMAND = cast("TypeAdapter[Demand]", TypeAdapter(_AnyDemand))
ORDER = cast("TypeAdapter[Order]", TypeAdapter(Annotated[_OrderShape, AfterValidator(_order)]))
