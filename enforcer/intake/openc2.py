# SPDX-License-Identifier: GPL-2.0-or-later
"""``POST /.well-known/openc2``: OpenC2 commands for stateless packet filtering (SLPF 1.0).

A command is an order of an orchestrator, not a report: it is placed under the rights and limits of
the token, at once or not at all. `rule_number` is the number of our order.

The HTTP status is the status of the response, and none but those of the language is used (HTTPS 1.1
section 4.2.1 item 8; Language 1.0 section 3.3.2.1: 102, 200, 400, 401, 403, 404, 500, 501, 503).
102 is an interim response of HTTP (RFC 2518 section 10.1), which cannot be the last one: it is a
200 with 102 in the body. SLPF 1.0 names 102, 200, 400, 500 and 501 (section 2.2.3); who may not
(401, 403), a rule that there is not (404) and another try (503) are the language's. What is
refused before a command was read is answered as an OpenC2 response too. Every response has the
content type of section 3.3.1, `Cache-Control: no-cache` (section 3.2.1) and the identifier of the
command (section 3.3.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute

from enforcer.api.browsers import REQUEST_ID
from enforcer.api.guard import Caller, allowed, services_of
from enforcer.api.problems import TooLarge, kind_of
from enforcer.api.turns import Busy
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, OrderFilter
from enforcer.application.views import OrderView
from enforcer.core.access import Action, MachineLimits
from enforcer.core.orders import order_id
from enforcer.errors import (
    AwaitingApproval,
    EnforcerError,
    Forbidden,
    InvalidInput,
    NotFound,
    OrderRefused,
    StorageError,
    Throttled,
    Unauthenticated,
)
from enforcer.intake.http import body_within
from enforcer.intake.openc2_demands import demand_of, order_of
from enforcer.intake.openc2_document import MEDIA, REQUEST, responses
from enforcer.intake.openc2_messages import (
    COMMAND,
    CONTENT_TYPE,
    NOT_REMOVED,
    NOT_UPDATED,
    TARGET,
    Command,
    Envelope,
    Unimplemented,
    command_of,
)
from enforcer.service_settings import IntakeSettings
from enforcer.wire import demand_to_wire

PATH = "/.well-known/openc2"
PROCESSING, OK, BAD, UNKNOWN, FORBIDDEN, MISSING = 102, 200, 400, 401, 403, 404
FAILED, UNIMPLEMENTED, AWAY = 500, 501, 503
_TYPES = ("application/openc2+json", "application/openc2-cmd+json", "application/json")
_TARGETS = ["ipv4_net", "ipv6_net", "ipv4_connection", "ipv6_connection"]
_FEATURES: dict[str, Any] = {
    "versions": ["1.0"],
    "profiles": ["slpf"],
    "pairs": {
        "deny": _TARGETS,
        "allow": _TARGETS,
        "delete": ["slpf:rule_number"],
        "query": ["features"],
    },
}
_MOST_OWN = 10_000
_ID = re.compile(r"[!-~]{1,200}")
Commander = Annotated[Caller, Depends(allowed(Action.PLACE))]


@dataclass(frozen=True)
class Answer:
    """`status`: of the OpenC2 response. `results`: what `complete` is told."""

    status: int
    text: str = ""
    results: Mapping[str, Any] = field(default_factory=dict)
    again: float | None = None
    """Seconds until it is worth another try."""


class OpenC2Route(APIRoute):
    """A route whose refusals are OpenC2 responses, also those before a command was read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own, and what it raises."""
        original = super().get_route_handler()

        async def answered(request: Request) -> Response:
            envelope = Envelope({}, _request_id(request))
            try:
                return await original(request)
            except EnforcerError as problem:
                return _response(envelope, _refusal(problem))

        return answered


def router(settings: IntakeSettings) -> APIRouter:
    """The one route, with its whole path."""
    made = APIRouter(tags=["openc2"], route_class=OpenC2Route)
    body = Depends(body_within(settings.largest))

    async def openc2(request: Request, caller: Commander, raw: bytes = body) -> Response:
        application = services_of(request).application
        stated = request.headers.get("content-type", "")
        told = _request_id(request)
        return await run_in_threadpool(_answered, application, caller.actor, stated, raw, told)

    made.add_api_route(
        PATH,
        openc2,
        methods=["POST"],
        response_class=Response,
        summary="An OpenC2 command for packet filtering (SLPF 1.0)",
        name="openc2",
        responses=responses(),
        openapi_extra={"requestBody": {"required": True, "content": {MEDIA: REQUEST}}},
    )
    return made


def _request_id(request: Request) -> str:
    """How the producer calls this command, where it says so in a header."""
    stated = request.headers.get(REQUEST_ID, "")
    return stated if _ID.fullmatch(stated) else ""


def _answered(
    application: Application, actor: Actor, stated: str, raw: bytes, told: str
) -> Response:
    if stated.partition(";")[0].strip().lower() not in _TYPES:
        return _response(Envelope({}, told), Answer(BAD, f"send it as {CONTENT_TYPE}"))
    try:
        command, envelope = command_of(raw, told)
    except InvalidInput as problem:
        return _response(Envelope({}, told), Answer(BAD, str(problem)))
    if not isinstance(command, Command):
        return _response(envelope, _refusal(command))
    answer = obey(application, actor, command)
    wanted = command.args.response_requested
    if wanted == "none":
        return Response(status_code=_http(answer.status))
    if wanted == "ack" and answer.status == OK:
        answer = Answer(PROCESSING, "taken")
    if wanted == "status":
        answer = Answer(answer.status, answer.text)
    return _response(envelope, answer)


def obey(application: Application, actor: Actor, command: Command) -> Answer:
    """Do what is commanded; every refusal is an answer too."""
    try:
        match command.action:
            case "query":
                return _features(actor, command)
            case "deny":
                return _deny(application, actor, command)
            case "allow":
                return _allow(application, actor, command)
            case "delete":
                return _delete(application, actor, command)
        raise Unimplemented(f"{COMMAND}: {command.action}")
    except (EnforcerError, Unimplemented) as problem:
        return _refusal(problem)


def _features(actor: Actor, command: Command) -> Answer:
    """What is named twice is told once (Language 1.0 section 3.4.1.5)."""
    wanted = command.target.features
    if wanted is None:
        raise Unimplemented(f"{TARGET}: only features can be queried")
    known = _FEATURES | {"rate_limit": _commands_a_minute(actor)}
    return Answer(OK, results={name: known[name] for name in dict.fromkeys(wanted)})


def _commands_a_minute(actor: Actor) -> int:
    machine = actor.rights.machine if actor.rights is not None else None
    return (machine or MachineLimits()).per_minute


def _deny(application: Application, actor: Actor, command: Command) -> Answer:
    placed = application.place(actor, order_of(command, actor.name))
    return Answer(
        OK,
        f"order {placed.id} is stored; the devices follow",
        {"slpf": {"rule_number": placed.number}},
    )


def _allow(application: Application, actor: Actor, command: Command) -> Answer:
    """What this token denied in the same words is lifted; nothing else can be allowed."""
    wanted = demand_to_wire(demand_of(command))
    mine = [one for one in _own(application, actor) if one.demand == wanted]
    if not mine:
        raise Unimplemented(
            f"{NOT_UPDATED}: only what the same source denied, word for word, can be allowed again"
        )
    for one in mine:
        application.lift(actor, LiftOrder(order=one.id, reason=f"OpenC2 allow by {actor.name}"))
    numbers = {"slpf": {"rule_number": mine[0].number}}
    return Answer(OK, f"lifted: {', '.join(one.id for one in mine)}", numbers)


def _delete(application: Application, actor: Actor, command: Command) -> Answer:
    if command.target.slpf is None:
        raise Unimplemented(f"{TARGET}: only slpf:rule_number can be deleted")
    number = command.target.slpf.rule_number
    try:
        order = application.order(actor, order_id(number))
    except ValueError:
        raise NotFound(f"there is no rule {number}") from None
    if order.source != actor.source:
        raise Forbidden(f"rule {number} is not of {actor.source}'s making")
    try:
        application.lift(actor, LiftOrder(order=order.id, reason=f"OpenC2 delete by {actor.name}"))
    except StorageError as problem:
        # A rule that stays although it was understood is a 500 (SLPF 1.0 section 2.3.4.1).
        return Answer(FAILED, f"{NOT_REMOVED}: {problem}")
    return Answer(OK, f"order {order.id} is lifted")


def _own(application: Application, actor: Actor) -> list[OrderView]:
    which = OrderFilter(active=True, source=actor.source, limit=_MOST_OWN)
    return list(application.orders(actor, which))


def _refusal(problem: Exception) -> Answer:
    said = str(problem)
    if isinstance(problem, Unimplemented):
        return Answer(UNIMPLEMENTED, said)
    if isinstance(problem, AwaitingApproval):
        return Answer(PROCESSING, said)
    if isinstance(problem, Forbidden | OrderRefused):
        return Answer(FORBIDDEN, said)
    if isinstance(problem, NotFound):
        return Answer(MISSING, said)
    if isinstance(problem, Unauthenticated):
        return Answer(UNKNOWN, said)
    if isinstance(problem, InvalidInput | TooLarge):
        return Answer(BAD, said)
    if isinstance(problem, Throttled):
        return Answer(AWAY, f"{said}: come again in {problem.seconds:g} s", again=problem.seconds)
    if isinstance(problem, StorageError | Busy):
        return Answer(AWAY, f"{kind_of(problem).title}: {said}", again=1)
    assert isinstance(problem, EnforcerError)
    return Answer(FAILED, f"{kind_of(problem).title}: {said}")


def _response(envelope: Envelope, answer: Answer) -> Response:
    found = envelope.answer(answer.status, answer.text, answer.results)
    headers = {"Cache-Control": "no-cache"}
    if envelope.request_id:
        headers[REQUEST_ID] = envelope.request_id
    if answer.status == UNKNOWN:
        headers["WWW-Authenticate"] = 'Bearer realm="enforcer"'
    if answer.again is not None:
        headers["Retry-After"] = str(max(1, ceil(answer.again)))
    return JSONResponse(found, _http(answer.status), headers, media_type=CONTENT_TYPE)


def _http(status: int) -> int:
    return OK if status == PROCESSING else status
