# SPDX-License-Identifier: GPL-2.0-or-later
"""Examples of request bodies, for the OpenAPI document and the guide; a test reads each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BLOCK = {"kind": "block_address", "prefix": "192.0.2.7/32"}

EXAMPLES: Mapping[str, Mapping[str, dict[str, Any]]] = {
    "PlaceBody": {
        "an address": {
            "demand": _BLOCK,
            "reason": "phishing page, reported by a third party",
            "ticket": "T-1234",
            "duration": "2h",
        },
        "a customer's mail port": {
            "demand": {
                "kind": "block_port",
                "target": {"customers": ["acme"]},
                "protocols": ["tcp"],
                "ports": ["25"],
                "direction": "from",
            },
            "reason": "spam run",
            "duration": 604800,
        },
        "a suspension": {
            "demand": {
                "kind": "suspend_customer",
                "customer": "acme",
                "exceptions": {"service_sets": ["garden"]},
            },
            "reason": "unpaid since March",
            "open_ended": True,
        },
        "a blackhole": {
            "demand": {"kind": "blackhole", "prefix": "192.0.2.9/32", "direction": "to"},
            "reason": "flood of 40 Gbit/s",
            "duration": "30m",
        },
        "routes": {
            "demand": {
                "kind": "drop_routes",
                "sessions": {"asns": [64500]},
                "prefixes": ["198.51.100.0/24"],
                "or_longer": True,
                "direction": "in",
            },
            "reason": "leaked routes",
            "duration": "1d",
        },
    },
    "BulkBody": {
        "two addresses": {
            "orders": [
                {"demand": _BLOCK, "reason": "spam", "duration": "1d"},
                {
                    "demand": {"kind": "block_address", "prefix": "2001:db8::7/128"},
                    "reason": "spam",
                    "duration": "1d",
                },
            ]
        }
    },
    "ChangeEndBody": {"two hours from now": {"duration": "2h", "reason": "not fixed yet"}},
    "AmendBody": {"another ticket": {"ticket": "T-1235"}},
    "CommentBody": {
        "a call": {"text": "the customer called: cleaned up, asks for a look before 18:00"}
    },
    "CreateUser": {"an engineer": {"name": "anna", "roles": ["engineer"], "display": "Anna B."}},
    "ChangeUserBody": {"another role": {"roles": ["engineer", "approver"]}},
    "CreateToken": {
        "a detector's": {
            "source": "fastnetmon",
            "roles": ["detector"],
            "owner": "",
            "networks": ["192.0.2.5/32"],
            "longest": 21600,
        },
        "a dashboard's": {"source": "grafana", "roles": ["viewer"], "owner": "", "read_only": True},
    },
    "ZoneBody": {"in Greece": {"zone": "Europe/Athens"}},
    "ReasonBody": {"why": {"reason": "the customer cleaned up"}},
    "ModeBody": {"observe": {"mode": "observe", "reason": "maintenance of the router"}},
    "MoveBody": {
        "away from a port": {"device": "edge1", "place": "eth2", "reason": "moved to edge2"}
    },
    "ImportBody": {
        "two entries": {"text": "192.0.2.1\n198.51.100.0/24\n", "source": "botnets.txt"}
    },
    "RefreshBody": {"as it comes": {"confirm_shrink": False}},
    "VerifyBody": {"the chain alone": {"heads": []}},
}
