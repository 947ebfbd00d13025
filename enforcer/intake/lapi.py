# SPDX-License-Identifier: GPL-2.0-or-later
"""The bouncers' half of CrowdSec's local API: our orders in force as its decisions.

``GET /v1/decisions/stream`` tells a bouncer what is new and what went since it asked before,
``GET /v1/decisions`` what is decided about one address. Who asks sends one of our tokens in
``X-Api-Key``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from enforcer.api.guard import Caller, peer, services_of
from enforcer.api.openapi import BOUNCER_KEY
from enforcer.core.access import Action
from enforcer.core.orders import Network, order_id
from enforcer.core.prefixes import format_network, parse_network
from enforcer.errors import Forbidden, Unauthenticated
from enforcer.intake.http import body_within
from enforcer.intake.lapi_book import FOR_EVER, Decision, DecisionBook, Pull
from enforcer.usecases.world import World

PREFIX = "/v1"
KEY_HEADER = "x-api-key"
TYPE = "ban"
_LARGEST_METRICS = 1_048_576
_DECISIONS: dict[str, Any] = {
    "description": "CrowdSec's decisions; null: there are none.",
    "anyOf": [
        {"type": "null"},
        {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["duration", "id", "origin", "scenario", "scope", "type", "value"],
                "properties": {
                    "duration": {"type": "string", "examples": ["3h59m55s"]},
                    "id": {"type": "integer"},
                    "origin": {"type": "string"},
                    "scenario": {"type": "string"},
                    "scope": {"enum": ["Ip", "Range"]},
                    "type": {"const": TYPE},
                    "value": {"type": "string", "examples": ["192.0.2.7"]},
                },
            },
        },
    ],
}
_STREAM: dict[str, Any] = {
    "type": "object",
    "required": ["deleted", "new"],
    "properties": {"deleted": _DECISIONS, "new": _DECISIONS},
}
_CHUNK = 500


def by_key(action: Action) -> Callable[[Request], Caller]:
    """A guard as `enforcer.api.guard.allowed`, for tokens that come in ``X-Api-Key``."""

    def guard(request: Request) -> Caller:
        secret = request.headers.get(KEY_HEADER, "")
        if not secret:
            raise Unauthenticated("send a token in the header X-Api-Key")
        actor = services_of(request).accounts.by_token(secret, peer(request))
        request.state.actor = actor.name
        if not actor.may(action):
            raise Forbidden(f"{actor.name} may not do this: it needs the right '{action}'")
        return Caller(actor)

    guard.action = action  # type: ignore[attr-defined]  # read by the test of roles and routes
    guard.security = BOUNCER_KEY  # type: ignore[attr-defined]  # read by `enforcer.api.openapi`
    return guard


Bouncer = Annotated[Caller, Depends(by_key(Action.READ))]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a bouncer wants to hear of; empty: everything. Lower case."""

    scopes: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    containing: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def fits(self, value: str, decision: Decision) -> bool:
        """Whether a decision is wanted."""
        order = decision.order
        words = _scenario(order.kind)
        return (
            (not self.scopes or scope_of(value).lower() in self.scopes)
            and (not self.origins or order.source.lower() in self.origins)
            and (not self.containing or any(word in words for word in self.containing))
            and not any(word in words for word in self.without)
        )


def _filter(
    scopes: str = "",
    origins: str = "",
    scenarios_containing: str = "",
    scenarios_not_containing: str = "",
) -> Filter:
    def words(text: str) -> Iterator[str]:
        return (word.strip().lower() for word in text.split(",") if word.strip())

    return Filter(
        frozenset(words(scopes)),
        frozenset(words(origins)),
        tuple(words(scenarios_containing)),
        tuple(words(scenarios_not_containing)),
    )


Wanted = Annotated[Filter, Depends(_filter)]


def router(world: World) -> APIRouter:
    """The routes, with their whole paths."""
    book = DecisionBook(world)
    made = APIRouter(prefix=PREFIX, tags=["crowdsec"])

    def stream(
        request: Request, caller: Bouncer, wanted: Wanted, startup: bool = False
    ) -> Response:
        """New and deleted decisions since this bouncer's last pull; with `startup` all."""
        if request.method == "HEAD":
            return Response(media_type="application/json")
        bouncer = f"{caller.actor.name} {peer(request)}"
        pull = book.pull(bouncer, startup)
        return StreamingResponse(
            _streamed(book, bouncer, pull, wanted), media_type="application/json"
        )

    def decisions(
        caller: Bouncer,
        wanted: Wanted,
        ip: str = "",
        range: str = "",
        scope: str = "",
        value: str = "",
        type: str = "",
        contains: bool = True,
    ) -> Response:
        """What is decided about an address or a range; `contains`: what lies around it."""
        asked = ip or range or (value if scope.lower() in ("ip", "range") else "")
        only = "" if asked else scope.lower()
        nothing = type not in ("", TYPE) or (scope and value and not asked)
        shown = [] if nothing else _decided(book, wanted, asked, contains, only)
        return JSONResponse(shown or None)

    def metrics(caller: Bouncer, raw: bytes = Depends(body_within(_LARGEST_METRICS))) -> Response:
        """Taken and not kept."""
        return JSONResponse(None, 201)

    _offer(made, "/decisions/stream", stream, _STREAM)
    _offer(made, "/decisions", decisions, _DECISIONS)
    _take_metrics(made, metrics)
    return made


def _take_metrics(made: APIRouter, endpoint: Callable[..., Response]) -> None:
    made.add_api_route(
        "/usage-metrics",
        endpoint,
        methods=["POST"],
        status_code=201,
        response_class=Response,
        summary="What a bouncer counted: taken and not kept",
        responses={201: {"content": {"application/json": {"schema": {"type": "null"}}}}},
        openapi_extra={"requestBody": _TAKEN},
    )


_TAKEN = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}


def _offer(
    made: APIRouter, path: str, endpoint: Callable[..., Response], schema: dict[str, Any]
) -> None:
    """By GET, and by HEAD, which is not documented by itself."""
    shown: dict[int | str, dict[str, Any]] = {
        200: {"content": {"application/json": {"schema": schema}}}
    }
    made.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        response_class=Response,
        summary=(endpoint.__doc__ or "").strip(),
        responses=shown,
    )
    made.add_api_route(
        path, endpoint, methods=["HEAD"], response_class=Response, include_in_schema=False
    )


def _decided(
    book: DecisionBook, wanted: Filter, asked: str, contains: bool, scope: str
) -> list[dict[str, Any]]:
    standing, now = book.look()
    found = _about(standing, asked, contains) if asked else list(standing)
    return [
        _shown(value, standing[value], now)
        for value in found
        if wanted.fits(value, standing[value]) and scope in ("", scope_of(value).lower())
    ]


def _streamed(book: DecisionBook, bouncer: str, pull: Pull, wanted: Filter) -> Iterator[str]:
    """The answer in pieces; the bouncer was told when it took the last one."""
    # What moved its end is deleted and added again, so it stands in both.
    gone = ({**_GONE, "value": v, "scope": scope_of(v)} for v in pull.deleted)
    new = (_shown(v, one, pull.now) for v, one in pull.new if wanted.fits(v, one))
    yield '{"deleted":'
    yield from _listed(gone)
    yield ',"new":'
    yield from _listed(new)
    yield "}"
    book.told(bouncer, pull)


_GONE: dict[str, Any] = {
    "duration": "-1s",
    "id": 0,
    "origin": "enforcer",
    "scenario": "enforcer",
    "type": TYPE,
}


def _listed(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    some: list[str] = []
    begun = False
    for row in rows:
        some.append(json.dumps(row, separators=(",", ":")))
        if len(some) == _CHUNK:
            yield ("," if begun else "[") + ",".join(some)
            some, begun = [], True
    if some:
        yield ("," if begun else "[") + ",".join(some)
        begun = True
    yield "]" if begun else "null"


def _shown(value: str, decision: Decision, now: datetime) -> dict[str, Any]:
    order = decision.order
    left = FOR_EVER if order.end is None else order.end - now
    return {
        "duration": go_duration(left.total_seconds()),
        "id": decision.id,
        "origin": order.source,
        "scenario": f"{_scenario(order.kind)} {order_id(order.number)}",
        "scope": scope_of(value),
        "type": TYPE,
        "value": value,
    }


def scope_of(value: str) -> str:
    """CrowdSec's word for an address or a block."""
    return "Range" if "/" in value else "Ip"


def _scenario(kind: str) -> str:
    return f"enforcer/{kind}"


def go_duration(seconds: float) -> str:
    """As Go writes a duration: ``3h59m55s``."""
    whole = max(int(seconds), 1)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{left}s"
    return f"{minutes}m{left}s" if minutes else f"{left}s"


def _about(standing: dict[str, Decision], asked: str, contains: bool) -> list[str]:
    """Values around `asked`, or inside it. Raises InvalidInput for what is no prefix."""
    network = parse_network(asked)
    if contains:
        around = (format_network(network.supernet(new_prefix=n))
                  for n in range(network.prefixlen, -1, -1))  # fmt: skip
        return [value for value in around if value in standing]
    return [value for value in standing if _inside(parse_network(value), network)]


def _inside(inner: Network, outer: Network) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # of one family
