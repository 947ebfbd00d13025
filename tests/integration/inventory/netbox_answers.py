# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers in the form of NetBox 4's REST API, and a server that gives them page by page.

The rows have the fields that NetBox's nested serializers write; what an import does not look
at is left out where pynetbox does not need it.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

TOKEN = "0123456789abcdef0123456789abcdef01234567"
Row = dict[str, Any]


def _nested(kind: str, number: int, slug: str) -> Row:
    return {
        "id": number,
        "url": f"http://netbox/api/{kind}/{number}/",
        "display": slug.title(),
        "name": slug.title(),
        "slug": slug,
    }


def _choice(value: str) -> Row:
    return {"value": value, "label": value.title()}


def _address(number: int, address: str) -> Row:
    return {
        "id": number,
        "url": f"http://netbox/api/ipam/ip-addresses/{number}/",
        "display": address,
        "family": {"value": 6 if ":" in address else 4, "label": "IPv6"},
        "address": address,
    }


def device(
    number: int,
    name: str | None,
    platform: str | None = "ios-xr",
    role: str = "edge",
    status: str = "active",
    primary: tuple[str | None, str | None] = (None, None),
) -> Row:
    """A row of ``dcim/devices``."""
    four, six = (
        None if text is None else _address(1000 + number * 2 + at, text)
        for at, text in enumerate(primary)
    )
    return {
        "id": number,
        "url": f"http://netbox/api/dcim/devices/{number}/",
        "display": name or f"unnamed {number}",
        "name": name,
        "role": _nested("dcim/device-roles", 1, role),
        "tenant": None,
        "platform": None if platform is None else _nested("dcim/platforms", 2, platform),
        "site": _nested("dcim/sites", 3, "south"),
        "status": _choice(status),
        "primary_ip": four or six,
        "primary_ip4": four,
        "primary_ip6": six,
        "tags": [_nested("extras/tags", 5, "enforced")],
        "custom_fields": {"rack_note": None},
    }


def interface_address(number: int, address: str, device: int, interface: str) -> Row:
    """A row of ``ipam/ip-addresses``, assigned to a device's interface."""
    return _address(number, address) | {
        "vrf": None,
        "tenant": None,
        "status": _choice("active"),
        "role": None,
        "assigned_object_type": "dcim.interface",
        "assigned_object_id": 500 + number,
        "assigned_object": {
            "id": 500 + number,
            "url": f"http://netbox/api/dcim/interfaces/{500 + number}/",
            "display": interface,
            "device": {
                "id": device,
                "url": f"http://netbox/api/dcim/devices/{device}/",
                "display": f"device {device}",
                "name": f"device {device}",
            },
            "name": interface,
            "cable": None,
        },
        "tags": [],
        "custom_fields": {},
    }


def prefix(
    number: int, text: str, tenant: str | None, status: str = "active", vrf: bool = False
) -> Row:
    """A row of ``ipam/prefixes``."""
    return {
        "id": number,
        "url": f"http://netbox/api/ipam/prefixes/{number}/",
        "display": text,
        "family": {"value": 6 if ":" in text else 4, "label": "IPv4"},
        "prefix": text,
        "vrf": _nested("ipam/vrfs", 9, "voice") if vrf else None,
        "tenant": None if tenant is None else _nested("tenancy/tenants", 7, tenant),
        "status": _choice(status),
        "tags": [],
        "custom_fields": {},
    }


def recorded() -> dict[str, list[Row]]:
    """What a small provider's NetBox holds."""
    return {
        "dcim/devices": [
            device(11, "edge1", primary=("192.0.2.11/32", "2001:db8::11/128")),
            device(12, "edge2", platform="junos", primary=("192.0.2.12/32", None)),
            device(13, "spare", status="inventory"),
            device(14, None),
            device(15, "pdu1", platform=None, role="power"),
        ],
        "ipam/ip-addresses": [
            interface_address(21, "192.0.2.1/31", 11, "xe-0/0/0"),
            interface_address(22, "2001:db8:0:1::1/64", 11, "xe-0/0/0"),
            interface_address(23, "192.0.2.5/30", 12, "ge-0/0/1"),
            interface_address(24, "192.0.2.9/30", 13, "ge-0/0/9"),
        ],
        "ipam/prefixes": [
            prefix(31, "198.51.100.0/25", "acme"),
            prefix(32, "2001:db8:a::/48", "acme"),
            prefix(33, "198.51.100.128/25", "beta"),
            prefix(34, "203.0.113.0/24", None),
            prefix(35, "10.0.0.0/8", "acme", vrf=True),
            prefix(36, "203.0.113.0/25", "beta", status="deprecated"),
        ],
    }


@dataclass
class Netbox:
    """A NetBox on loopback. `failing`: the status of every answer to come, 0 for none.

    `asked`: paths with their query. `page`: rows in one page at most.
    """

    url: str = ""
    rows: dict[str, list[Row]] = field(default_factory=recorded)
    page: int = 2
    failing: int = 0
    body: bytes | None = None
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    after_page: Callable[[str], None] = lambda kind: None

    def answer(self, path: str, token: str | None) -> tuple[int, bytes]:
        """The status and the body for one request."""
        self.asked.append(path)
        self.tokens.add(token)
        if self.failing:
            return self.failing, json.dumps({"detail": "recorded failure"}).encode()
        if token != f"Token {TOKEN}":
            return 403, json.dumps({"detail": "Invalid token"}).encode()
        if self.body is not None:
            return 200, self.body
        parts = urlsplit(path)
        kind = parts.path.removeprefix("/api/").strip("/")
        if kind not in self.rows:
            return 404, b"{}"
        answer = self._page(kind, parse_qs(parts.query))
        self.after_page(kind)
        return 200, json.dumps(answer).encode()

    def _page(self, kind: str, query: dict[str, list[str]]) -> Row:
        rows = [row for row in self.rows[kind] if _matches(kind, row, query)]
        limit = min(int(query.get("limit", ["50"])[0]), self.page)
        offset = int(query.get("offset", ["0"])[0])
        following = {**query, "limit": [str(limit)], "offset": [str(offset + limit)]}
        url = f"{self.url}/api/{kind}/?{urlencode(following, doseq=True)}"
        return {
            "count": len(rows),
            "next": url if offset + limit < len(rows) else None,
            "previous": None,
            "results": rows[offset : offset + limit],
        }


def _matches(kind: str, row: Row, query: dict[str, list[str]]) -> bool:
    if kind == "ipam/ip-addresses":
        return str(row["assigned_object"]["device"]["id"]) in query.get("device_id", [])
    if kind == "dcim/devices":
        stated = {"role": row["role"]["slug"], "status": row["status"]["value"]}
        return all(found in query.get(key, [found]) for key, found in stated.items())
    return True


@contextmanager
def netbox(certificate: Path | None = None) -> Iterator[Netbox]:
    """A NetBox that answers while the block runs; over TLS where there is a certificate."""
    state = Netbox()

    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = state.answer(self.path, self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("API-Version", "4.2")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    state.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
