# SPDX-License-Identifier: GPL-2.0-or-later
"""What the OpenAPI document says of the one route of OpenC2; see `enforcer.intake.openc2`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enforcer.intake.openc2_messages import ACTIONS

MEDIA = "application/openc2+json"
STATUSES: Mapping[int, str] = {
    200: "Done; or taken (`status` 102).",
    400: "Not understood.",
    401: "No token, or one that does not hold.",
    403: "The token may not, or a guardrail refused.",
    404: "There is no such rule of this source.",
    500: "It could not be done.",
    501: "Not implemented.",
    503: "The database is away, or there is too much at once: try again.",
}
"""Of HTTP, with what they say."""
_NET = {"type": "string", "examples": ["192.0.2.7"]}
_PORT = {"type": "integer", "minimum": 0, "maximum": 65535}
_CONNECTION: Mapping[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "src_addr": _NET,
        "src_port": _PORT,
        "dst_addr": _NET,
        "dst_port": _PORT,
        "protocol": {"enum": ["icmp", "tcp", "udp", "sctp"]},
    },
    "additionalProperties": False,
}
_INSTANT = {"type": "integer", "minimum": 0, "description": "Milliseconds since 1970, UTC."}
_COMMAND: Mapping[str, Any] = {
    "type": "object",
    "required": ["action", "target"],
    "properties": {
        "action": {"enum": sorted(ACTIONS)},
        "target": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                "ipv4_net": _NET,
                "ipv6_net": {"type": "string", "examples": ["2001:db8::7"]},
                "ipv4_connection": _CONNECTION,
                "ipv6_connection": _CONNECTION,
                "slpf:rule_number": {"type": "integer", "minimum": 1},
                "features": {
                    "type": "array",
                    "maxItems": 10,
                    "items": {"enum": ["versions", "profiles", "pairs", "rate_limit"]},
                },
            },
        },
        "args": {
            "type": "object",
            "properties": {
                "start_time": _INSTANT,
                "stop_time": _INSTANT,
                "duration": {"type": "integer", "minimum": 1, "description": "Milliseconds."},
                "response_requested": {"enum": ["none", "ack", "status", "complete"]},
                "slpf": {
                    "type": "object",
                    "properties": {"direction": {"enum": ["both", "ingress", "egress"]}},
                },
            },
        },
        "actuator": {"type": "object"},
        "command_id": {"type": "string", "maxLength": 36},
    },
}
_MESSAGE: Mapping[str, Any] = {
    "type": "object",
    "required": ["body"],
    "properties": {
        "headers": {"type": "object", "properties": {"request_id": {"type": "string"}}},
        "body": {
            "type": "object",
            "required": ["openc2"],
            "properties": {
                "openc2": {
                    "type": "object",
                    "required": ["request"],
                    "properties": {"request": _COMMAND},
                }
            },
        },
    },
}
REQUEST: Mapping[str, Any] = {
    "schema": {"anyOf": [_COMMAND, _MESSAGE]},
    "examples": {
        "deny for an hour": {
            "value": {
                "action": "deny",
                "target": {"ipv4_net": "192.0.2.7"},
                "args": {"duration": 3_600_000, "slpf": {"direction": "ingress"}},
            }
        },
        "in an envelope": {
            "value": {
                "headers": {"request_id": "b1d2", "from": "soar"},
                "body": {
                    "openc2": {"request": {"action": "query", "target": {"features": ["pairs"]}}}
                },
            }
        },
    },
}
_RESPONSE_ALONE: Mapping[str, Any] = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"type": "integer"},
        "status_text": {"type": "string"},
        "results": {"type": "object"},
    },
    "additionalProperties": False,
}
_RESPONSE: Mapping[str, Any] = {
    "description": "A response, in an envelope where the command came in one.",
    "anyOf": [
        _RESPONSE_ALONE,
        {
            "type": "object",
            "required": ["headers", "body"],
            "properties": {
                "headers": {"type": "object"},
                "body": {
                    "type": "object",
                    "required": ["openc2"],
                    "properties": {
                        "openc2": {
                            "type": "object",
                            "required": ["response"],
                            "properties": {"response": _RESPONSE_ALONE},
                        }
                    },
                },
            },
        },
    ],
}


def responses() -> dict[int | str, dict[str, Any]]:
    """Every status with what it says, and the shape of the response."""
    shown = {"content": {MEDIA: {"schema": _RESPONSE}}}
    return {status: {"description": said, **shown} for status, said in STATUSES.items()}
