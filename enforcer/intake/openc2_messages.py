# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenC2 messages as far as packet filtering needs them (Language 1.0, SLPF 1.0, HTTPS 1.0/1.1).

A command comes bare (HTTPS 1.0) or in an envelope (HTTPS 1.1 section 3.3.2), and is answered alike.
Its identifier is in the envelope (`request_id`), in the header ``X-Request-ID``, or in both, and
comes back in the answer (HTTPS 1.1 section 3.3.3).

Sources: "Open Command and Control (OpenC2) Language Specification Version 1.0" (Committee
Specification 02, 24 November 2019), "... Profile for Stateless Packet Filtering Version 1.0"
(Committee Specification 01, 11 July 2019) and "Specification for Transfer of OpenC2 Messages via
HTTPS Version 1.1" (Committee Specification 01, 30 November 2021), all by OASIS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from enforcer.errors import InvalidInput
from enforcer.intake.documents import member, read_object

CONTENT_TYPE = "application/openc2+json;version=1.0"
ACTIONS = frozenset(
    [
        *("scan", "locate", "query", "deny", "contain", "allow", "start", "stop", "restart"),
        *("cancel", "set", "update", "redirect", "create", "delete", "detonate", "restore"),
        *("copy", "investigate", "remediate"),
    ]
)
"""Language 1.0 section 3.3.1.1; those that packet filtering has none of are not implemented."""
OPTION, TARGET, COMMAND = (
    "Option not supported",
    "Target type not supported",
    "Command not supported",
)
NOT_UPDATED, NOT_REMOVED = "Rule not updated", "Firewall rule not removed or updated"
"""What `status_text` begins with (SLPF 1.0 sections 2.2.3, 2.3.1, 2.3.2 and 2.3.4.1)."""
Direction = Literal["both", "ingress", "egress"]


class Part(BaseModel):
    """Base: immutable, no unknown fields (the specification's schema is closed)."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Connection(Part):
    """``ipv4_connection`` and ``ipv6_connection``: any of the five-tuple."""

    src_addr: str | None = None
    src_port: int | None = Field(default=None, ge=0, le=65535)
    dst_addr: str | None = None
    dst_port: int | None = Field(default=None, ge=0, le=65535)
    protocol: Literal["icmp", "tcp", "udp", "sctp"] | None = None


class RuleNumber(Part):
    """``slpf:rule_number``."""

    rule_number: int = Field(ge=1)


class Target(Part):
    """Exactly one of them; the plain keys of SLPF's examples, and those with its prefix."""

    ipv4_net: str | None = None
    ipv6_net: str | None = None
    ipv4_connection: Connection | None = None
    ipv6_connection: Connection | None = None
    features: list[Literal["versions", "profiles", "pairs", "rate_limit"]] | None = Field(
        default=None, max_length=10
    )
    file: dict[str, Any] | None = None
    slpf: RuleNumber | None = None


class Narrowing(Part):
    """SLPF's own arguments."""

    drop_process: Literal["none", "reject", "false_ack"] | None = None
    persistent: bool | None = None
    direction: Direction = "both"
    insert_rule: int | None = None


class Arguments(Part):
    """Times in milliseconds (since 1970, UTC); at most two of the three."""

    start_time: int | None = Field(default=None, ge=0, le=10**14)
    stop_time: int | None = Field(default=None, ge=0, le=10**14)
    duration: int | None = Field(default=None, gt=0, le=10**13)
    response_requested: Literal["none", "ack", "status", "complete"] = "complete"
    slpf: Narrowing = Narrowing()

    @model_validator(mode="after")
    def _two_of_three(self) -> Arguments:
        if None not in (self.start_time, self.stop_time, self.duration):
            raise ValueError("give at most two of start_time, stop_time and duration")
        return self


class Command(Part):
    """One command, its target already without ``slpf:``."""

    action: str
    target: Target
    args: Arguments = Arguments()
    actuator: dict[str, Any] | None = None
    command_id: str | None = Field(default=None, max_length=36)


class Unimplemented(Exception):
    """The command is well formed, and nothing here does it (status 501)."""


class Envelope:
    """How a command came, so that it is answered the same way.

    `headers`: of an envelope; `request_id`: what the header ``X-Request-ID`` says.
    """

    def __init__(self, document: Mapping[str, Any], request_id: str = "") -> None:
        self.request_id = request_id
        self.wrapped = isinstance(document.get("body"), Mapping)
        headers = document.get("headers")
        self.headers: Mapping[str, Any] = headers if isinstance(headers, Mapping) else {}

    def answer(self, status: int, text: str, results: Mapping[str, Any] | None) -> dict[str, Any]:
        """The response in the form of its command."""
        response: dict[str, Any] = {"status": status}
        if text:
            response["status_text"] = text
        if results:
            response["results"] = dict(results)
        if not self.wrapped:
            return response
        headers: dict[str, Any] = {}
        stated = self.headers.get("request_id")
        if isinstance(stated, str) or self.request_id:
            headers["request_id"] = stated if isinstance(stated, str) else self.request_id
        if isinstance(self.headers.get("from"), str):
            headers["to"] = [self.headers["from"]]
        return {"headers": headers, "body": {"openc2": {"response": response}}}


def command_of(
    raw: bytes, request_id: str = ""
) -> tuple[Command | InvalidInput | Unimplemented, Envelope]:
    """The command in `raw`, or what is wrong with it, to be answered in its envelope.

    Raises InvalidInput for what is no JSON object.
    """
    document = read_object(raw)
    envelope = Envelope(document, request_id)
    stated = member(document, "body", "openc2", "request") if envelope.wrapped else document
    try:
        return _command(stated), envelope
    except (InvalidInput, Unimplemented) as problem:
        return problem, envelope


def _command(stated: object) -> Command:
    if not isinstance(stated, Mapping):
        raise InvalidInput("the envelope holds no `body.openc2.request`")
    action = stated.get("action")
    if not isinstance(action, str) or action not in ACTIONS:
        raise InvalidInput("`action` is none of OpenC2's")
    target = stated.get("target")
    if not isinstance(target, Mapping) or len(target) != 1:
        raise InvalidInput("`target` must have exactly one member")
    ((kind, value),) = target.items()
    if kind == "slpf:rule_number":
        kind, value = "slpf", {"rule_number": value}
    actuator = stated.get("actuator")
    if isinstance(actuator, Mapping) and actuator and set(actuator) != {"slpf"}:
        raise Unimplemented(f"{COMMAND}: only the actuator profile slpf is")
    if kind not in Target.model_fields:
        raise Unimplemented(f"{TARGET}: {str(kind)[:60]}")
    try:
        return Command.model_validate({**stated, "target": {kind: value}})
    except ValidationError as problem:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors()[:5]
        )
        raise InvalidInput(said) from None
