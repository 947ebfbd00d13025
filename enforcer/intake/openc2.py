# SPDX-License-Identifier: GPL-2.0-or-later
"""``POST /.well-known/openc2``: OpenC2 commands for stateless packet filtering (SLPF 1.0).

A command is an order of an orchestrator, not a report: it is placed under the rights and limits of
the token, at once or not at all. `rule_number` is the number of our order. The HTTP status is the
status of the response, except 102, which HTTP keeps for itself: that is a 200.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from enforcer.api.guard import Caller, allowed, services_of
from enforcer.api.problems import kind_of
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.commands import LiftOrder, OrderFilter
from enforcer.application.views import OrderView
from enforcer.core.access import Action
from enforcer.core.orders import order_id
from enforcer.errors import (
    AwaitingApproval,
    EnforcerError,
    Forbidden,
    InvalidInput,
    NotFound,
    OrderRefused,
    Throttled,
)
from enforcer.intake.http import body_within
from enforcer.intake.openc2_demands import demand_of, order_of
from enforcer.intake.openc2_messages import (
    CONTENT_TYPE,
    Command,
    Envelope,
    Unimplemented,
    command_of,
)
from enforcer.service_settings import IntakeSettings
from enforcer.wire import demand_to_wire

PATH = "/.well-known/openc2"
PROCESSING, OK, BAD, FORBIDDEN, MISSING, FAILED, UNIMPLEMENTED = 102, 200, 400, 403, 404, 500, 501
_TYPES = ("application/openc2+json", "application/openc2-cmd+json", "application/json")
_TARGETS = ["ipv4_net", "ipv6_net", "ipv4_connection", "ipv6_connection"]
_FEATURES: Mapping[str, Any] = {
    "versions": ["1.0"],
    "profiles": ["slpf"],
    "pairs": {
        "deny": _TARGETS,
        "allow": _TARGETS,
        "delete": ["slpf:rule_number"],
        "query": ["features"],
    },
    "rate_limit": 600,
}
_MOST_OWN = 10_000
Commander = Annotated[Caller, Depends(allowed(Action.PLACE))]


@dataclass(frozen=True)
class Answer:
    """`status`: of the OpenC2 response. `results`: what `complete` is told."""

    status: int
    text: str = ""
    results: Mapping[str, Any] = field(default_factory=dict)


def router(settings: IntakeSettings) -> APIRouter:
    """The one route, with its whole path."""
    made = APIRouter(tags=["openc2"])
    body = Depends(body_within(settings.largest))

    async def openc2(request: Request, caller: Commander, raw: bytes = body) -> Response:
        application = services_of(request).application
        stated = request.headers.get("content-type", "")
        return await run_in_threadpool(_answered, application, caller.actor, stated, raw)

    content = {"application/openc2+json": {"schema": {"type": "object"}}}
    made.add_api_route(
        PATH,
        openc2,
        methods=["POST"],
        response_class=Response,
        summary="An OpenC2 command for packet filtering (SLPF 1.0)",
        name="openc2",
        openapi_extra={"requestBody": {"required": True, "content": content}},
    )
    return made


def _answered(application: Application, actor: Actor, stated: str, raw: bytes) -> Response:
    if stated.partition(";")[0].strip().lower() not in _TYPES:
        return _response(Envelope({}), Answer(BAD, f"send it as {CONTENT_TYPE}"))
    try:
        command, envelope = command_of(raw)
    except InvalidInput as problem:
        return _response(Envelope({}), Answer(BAD, str(problem)))
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
                return _features(command)
            case "deny":
                return _deny(application, actor, command)
            case "allow":
                return _allow(application, actor, command)
            case "delete":
                return _delete(application, actor, command)
        raise Unimplemented(f"{command.action} is not implemented")
    except (EnforcerError, Unimplemented) as problem:
        return _refusal(problem)


def _features(command: Command) -> Answer:
    wanted = command.target.features
    if wanted is None:
        raise Unimplemented("only features can be queried")
    if len(set(wanted)) < len(wanted):
        raise InvalidInput("features: one is named twice")
    return Answer(OK, results={name: _FEATURES[name] for name in wanted})


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
            "allow: only what was denied by the same token, word for word, can be lifted again"
        )
    for one in mine:
        application.lift(actor, LiftOrder(order=one.id, reason=f"OpenC2 allow by {actor.name}"))
    return Answer(OK, f"lifted: {', '.join(one.id for one in mine)}")


def _delete(application: Application, actor: Actor, command: Command) -> Answer:
    if command.target.slpf is None:
        raise Unimplemented("only slpf:rule_number can be deleted")
    number = command.target.slpf.rule_number
    try:
        order = application.order(actor, order_id(number))
    except ValueError:
        raise NotFound(f"there is no rule {number}") from None
    if order.source != actor.source:
        raise Forbidden(f"rule {number} is not of {actor.source}'s making")
    application.lift(actor, LiftOrder(order=order.id, reason=f"OpenC2 delete by {actor.name}"))
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
    if isinstance(problem, InvalidInput):
        return Answer(BAD, said)
    if isinstance(problem, Throttled):
        return Answer(FAILED, f"{said}: come again in {problem.seconds:g} s")
    assert isinstance(problem, EnforcerError)
    return Answer(FAILED, f"{kind_of(problem).title}: {said}")


def _response(envelope: Envelope, answer: Answer) -> Response:
    found = envelope.answer(answer.status, answer.text, answer.results)
    return JSONResponse(found, _http(answer.status), media_type=CONTENT_TYPE)


def _http(status: int) -> int:
    return OK if status == PROCESSING else status
