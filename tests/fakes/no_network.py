# SPDX-License-Identifier: GPL-2.0-or-later
"""A server without a network: what a client asks goes straight to the application."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs


class NoNetwork(httpx.BaseTransport):
    """Requests to `app`; `asked` has them. While `away` is set, it is raised."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._client = TestClient(app, raise_server_exceptions=False)
        self.asked: list[httpx.Request] = []
        self.away: httpx.TransportError | None = None
        self.logged: list[MutableMapping[str, Any]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one."""
        self.asked.append(request)
        if self.away is not None:
            raise self.away
        # What a server logs must not stand in what the client prints.
        with capture_logs() as self.logged:
            answer = self._client.request(
                request.method,
                str(request.url),
                content=request.read(),
                headers=request.headers,
                follow_redirects=False,
            )
        headers = [
            (name, value)
            for name, value in answer.headers.multi_items()
            if name not in ("content-encoding", "transfer-encoding")
        ]
        return httpx.Response(answer.status_code, headers=headers, content=answer.content)
