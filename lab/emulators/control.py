# SPDX-License-Identifier: GPL-2.0-or-later
"""A Unix socket beside an emulated router's SSH port: what tests and demos ask of it.

One JSON object per line each way. A question names what to do; the answer is
``{"answer": VALUE}`` or ``{"error": TEXT}``. The questions are the methods of `Control`.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from lab.emulators.device import Emulator
from lab.emulators.packets import Direction, Packet

PATIENCE = 20.0  # seconds for an answer
_Question = Mapping[str, Any]


class ControlRefused(Exception):
    """Nobody answers at the socket, or the router did not do what was asked; says why."""


class Control:
    """The running emulator behind a socket.

    Attributes:
        path: the socket's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def running(self) -> str:
        """The running (Junos, XR: committed) configuration."""
        return str(self._ask(do="running"))

    def by_hand(self, *lines: str) -> None:
        """Another person changes the running configuration at once."""
        self._ask(do="by_hand", lines=list(lines))

    def would_pass(self, packet: Packet, interface: str, direction: Direction) -> bool:
        """See `Emulator.would_pass`."""
        return self._packet("would_pass", packet, interface, direction)

    def hit(self, packet: Packet, interface: str, direction: Direction, count: int = 1) -> bool:
        """See `Emulator.hit`."""
        return self._packet("hit", packet, interface, direction, count=count)

    def route_fate(
        self,
        prefix: str,
        neighbor: str,
        direction: Direction = "in",
        path: Sequence[int] | None = None,
    ) -> str:
        """See `Emulator.route_fate`."""
        known = None if path is None else list(path)
        return str(
            self._ask(
                do="route_fate", prefix=prefix, neighbor=neighbor, direction=direction, path=known
            )
        )

    def down(self) -> None:
        """Power is off: sessions are cut and new connections fail, until `up`."""
        self._ask(do="down")

    def up(self) -> None:
        """Power is back: the router has booted its startup configuration."""
        self._ask(do="up")

    def greeting(self) -> str:
        """`EMULATED platform hostname`."""
        return str(self._ask(do="greeting"))

    def _packet(self, do: str, packet: Packet, *way: str, **more: int) -> bool:
        fields = asdict(packet) | {
            "source": str(packet.source),
            "destination": str(packet.destination),
        }
        interface, direction = way
        return bool(
            self._ask(do=do, packet=fields, interface=interface, direction=direction, **more)
        )

    def _ask(self, **question: object) -> object:
        try:
            with socket.socket(socket.AF_UNIX) as conversation:
                conversation.settimeout(PATIENCE)
                conversation.connect(str(self.path))
                conversation.sendall(json.dumps(question).encode() + b"\n")
                with conversation.makefile("rb") as replies:
                    line = replies.readline()
        except OSError as error:
            raise ControlRefused(f"{self.path}: no emulated router answers: {error}") from error
        said: dict[str, object] = json.loads(line) if line else {"error": "it hung up"}
        if "error" in said:
            raise ControlRefused(f"{self.path}: {said['error']}")
        return said["answer"]


class _Desk:
    """Answers questions about one router."""

    def __init__(self, router: Emulator) -> None:
        self._router = router
        self._off = False
        self._answers: Mapping[str, Callable[[_Question], object]] = {
            "greeting": lambda _: f"EMULATED {router.platform} {router.hostname}",
            "running": lambda _: router.running(),
            "by_hand": lambda asked: router.by_hand([str(line) for line in asked["lines"]]),
            "would_pass": lambda asked: router.would_pass(*_packet(asked)),
            "hit": lambda asked: router.hit(*_packet(asked), count=int(asked["count"])),
            "route_fate": lambda asked: router.route_fate(*_route(asked)),
            "down": lambda _: self._power(off=True),
            "up": lambda _: self._power(off=False),
        }

    def answer(self, line: bytes) -> dict[str, object]:
        """The reply to one line; never an exception."""
        try:
            asked = json.loads(line)
            known = self._answers.get(asked["do"])
            if known is None:
                return {"error": f"unknown question {asked['do']!r}"}
            return {"answer": known(asked)}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _power(self, *, off: bool) -> None:
        self._off = off
        self._router.faults.unreachable_while((lambda: self._off) if off else None)
        if off:
            self._router.reboot()


def _packet(asked: _Question) -> tuple[Packet, str, Direction]:
    fields = dict(asked["packet"])
    for end in ("source", "destination"):
        fields[end] = ip_address(fields[end])
    return Packet(**fields), str(asked["interface"]), _direction(asked)


def _direction(asked: _Question) -> Direction:
    direction: Direction = asked["direction"]
    if direction not in ("in", "out"):
        raise ValueError(f"direction {direction!r}: say in or out")
    return direction


def _route(asked: _Question) -> tuple[str, str, Direction, Sequence[int] | None]:
    path = asked["path"]
    known = None if path is None else [int(number) for number in path]
    return str(asked["prefix"]), str(asked["neighbor"]), _direction(asked), known


@contextmanager
def controlled(router: Emulator, path: Path) -> Iterator[None]:
    """Answer at the socket until the block ends; the socket is gone then.

    Raises:
        OSError: the socket cannot be made.
    """
    desk = _Desk(router)

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(json.dumps(desk.answer(self.rfile.readline())).encode() + b"\n")

    path.unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(path), Conversation) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="control")
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            path.unlink(missing_ok=True)


__all__: Sequence[str] = ["Control", "ControlRefused", "controlled"]
