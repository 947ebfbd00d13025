# SPDX-License-Identifier: GPL-2.0-or-later
"""A host of its own (a network namespace) with our server on it, for programs of others."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from enforcer.clock import SystemClock

PATIENCE = 60.0
CLOCK = SystemClock()
_NEW_NETWORK = 0x40000000
_Result = TypeVar("_Result")


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until `holds`; fails with `what` where it never does."""
    deadline = CLOCK.monotonic() + PATIENCE
    while not holds():
        assert CLOCK.monotonic() < deadline, what
        CLOCK.sleep(0.05)


@dataclass
class Host:
    """`url`: of our server, there. Everything runs in one thread, whose network is the host's."""

    thread: ThreadPoolExecutor
    url: str = ""

    def do(self, what: Callable[..., _Result], *arguments: Any, **named: Any) -> _Result:
        """Call it on the host."""
        return self.thread.submit(what, *arguments, **named).result(PATIENCE)

    def run(self, *words: str) -> str:
        """What a command prints there; fails with what it says."""
        done = self.do(subprocess.run, words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return str(done.stdout)

    @contextmanager
    def running(self, words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """A program that runs there while the block does."""
        begun: subprocess.Popen[bytes] = self.thread.submit(self._begin, words).result(PATIENCE)
        try:
            yield begun
        finally:
            begun.terminate()
            try:
                begun.wait(20)
            except subprocess.TimeoutExpired:
                begun.kill()
                begun.wait()

    @staticmethod
    def _begin(words: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(list(words), stdin=subprocess.DEVNULL)


def _leave_for_a_network_of_our_own() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Restarting:
    """An application that can go down, and come back as another one: a restart of ours."""

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        self._make = make
        self._app: FastAPI | None = make()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if app is not None:
            await app(scope, receive, send)
        else:
            await PlainTextResponse("down", 503)(scope, receive, send)

    @contextmanager
    def down(self) -> Iterator[None]:
        """It does not answer while the block runs; after it, it knows nothing of before."""
        self._app = None
        yield
        self._app = self._make()


@contextmanager
def host_with(app: ASGIApp) -> Iterator[Host]:
    """A host where `app` is served on loopback while the block runs."""
    with ThreadPoolExecutor(1, initializer=_leave_for_a_network_of_our_own) as executor:
        host = Host(executor)
        host.run("ip", "link", "set", "lo", "up")
        sock = host.do(socket.create_server, ("127.0.0.1", 0))
        host.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        serving = threading.Thread(target=server.run, args=([sock],))
        serving.start()
        try:
            until(lambda: server.started, "the server never started")
            yield host
        finally:
            server.should_exit = True
            serving.join()
            sock.close()
