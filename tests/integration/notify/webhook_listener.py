# SPDX-License-Identifier: GPL-2.0-or-later
"""An HTTP server on a loopback port that keeps what it is sent."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Listener:
    """An HTTP server; `status` and `headers` are what it answers."""

    port: int = 0
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    asked: queue.SimpleQueue[tuple[str, dict[str, str], bytes]] = field(
        default_factory=queue.SimpleQueue
    )


@contextmanager
def listening() -> Iterator[Listener]:
    """While the block runs."""
    heard = Listener()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.asked.put((self.path, dict(self.headers.items()), body))
            self.send_response(heard.status)
            for name, value in heard.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    heard.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield heard
    server.shutdown()
    server.server_close()
    thread.join()
