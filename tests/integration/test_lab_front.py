# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo's desk on the machine's own loopback: what is asked outside is answered inside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from lab.front import inner_end, listener, outer_end
from lab.shell import wait_until


class Inside(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"inside " * 50_000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is to be said."""


@contextmanager
def serving() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Inside) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def opened(path: Path) -> Iterator[str]:
    with listener(0) as port:
        outer = outer_end(port, path)
        try:
            yield f"http://127.0.0.1:{port.getsockname()[1]}/"
        finally:
            outer.kill()
            outer.wait()


def test_what_is_asked_outside_is_answered_inside(tmp_path: Path) -> None:
    path = tmp_path / "desk"
    with serving() as port, opened(path) as url:
        inner_end(path, port)
        wait_until(path.exists, "the inner end listens", timeout=10)
        for _ in range(3):
            answer = httpx.get(url, timeout=30)
            assert answer.content == b"inside " * 50_000


def test_before_the_lab_is_up_nothing_is_answered(tmp_path: Path) -> None:
    with opened(tmp_path / "desk") as url, pytest.raises(httpx.TransportError):
        httpx.get(url, timeout=30)


def test_a_port_that_is_taken_is_left_to_whoever_has_it() -> None:
    with listener(0) as taken, listener(taken.getsockname()[1]) as other:
        assert other.getsockname()[1] != taken.getsockname()[1]
