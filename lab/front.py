# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk of a lab on the machine's own loopback: two ends of a Unix socket.

    python -m lab.front --fd NUMBER SOCKET

A lab has a network of its own, so a browser on the machine does not reach what listens there.
Outside, this program takes connections on a socket that was opened before (`listener`) and passes
them to SOCKET; inside, `inner_end` passes them on to a port of the lab. Nothing of the machine's
network is changed but one listening port of 127.0.0.1, which ends with the lab.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

_AT_ONCE = 65_536  # bytes
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def listener(wanted: int = 8080) -> socket.socket:
    """Listens on 127.0.0.1 on the port that is wanted, or on a free one where it is taken."""
    try:
        return socket.create_server(("127.0.0.1", wanted))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def outer_end(open_port: socket.socket, path: Path) -> "subprocess.Popen[bytes]":
    """Serves `open_port` in a process of its own, which is killed with this one."""
    number = open_port.fileno()
    words = [sys.executable, "-m", "lab.front", "--fd", str(number), str(path)]
    return subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *words], pass_fds=[number], cwd=Path(__file__).parents[1]
    )


def inner_end(path: Path, port: int) -> threading.Thread:
    """Serves the Unix socket `path` from a thread, until this process ends."""

    async def connect() -> Streams:
        return await asyncio.open_connection("127.0.0.1", port)

    async def serve() -> None:
        server = await asyncio.start_unix_server(_passing_to(connect), str(path))
        await server.serve_forever()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    return thread


async def _outside(open_port: socket.socket, path: Path) -> None:
    async def connect() -> Streams:
        return await asyncio.open_unix_connection(str(path))

    server = await asyncio.start_server(_passing_to(connect), sock=open_port)
    await server.serve_forever()


def _passing_to(
    connect: Callable[[], Awaitable[Streams]],
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await connect()
        except OSError:
            writer.close()  # the lab is not up yet: the browser says so
            return
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            for end in (writer, far_writer):
                end.close()

    return take


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while some := await reader.read(_AT_ONCE):
            writer.write(some)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        writer.write_eof()  # the other direction may go on


def main() -> int:
    """The command line; ends with its parent."""
    parser = argparse.ArgumentParser(prog="python -m lab.front", description=__doc__)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("path", type=Path)
    options = parser.parse_args()
    # Ctrl-C is for the lab, whose end is ours too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_outside(socket.socket(fileno=options.fd), options.path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
