# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m lab.emulators PLATFORM --port N`: one emulated router on its own."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from lab.emulators.control import controlled
from lab.emulators.platforms import PLATFORMS, emulator
from lab.emulators.server import serving


def main(arguments: Sequence[str] | None = None, until: threading.Event | None = None) -> int:
    """Serve until SIGINT or SIGTERM.

    Args:
        arguments: the command line without the program's name; None: the process's own.
        until: ends it when set; None: signals do.

    Returns:
        0 at an orderly end, 2 for a command line or a configuration that it does not take.
    """
    options = _options(arguments)
    router = emulator(options.platform, options.hostname)
    if options.config is not None:
        try:
            router.load(options.config.read_text())
        except (OSError, ValueError) as error:
            print(f"{options.config}: {error}", file=sys.stderr)
            return 2
    for address, asn in options.neighbor:
        router.neighbors.add(address, asn)
    if until is None:
        until = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: until.set())
    keys = "" if options.authorized_keys is None else options.authorized_keys.read_text()
    passwords = {options.user: options.password} if options.password else {}
    host_key = None if options.host_key is None else options.host_key.read_text()
    with contextlib.ExitStack() as running:
        server = running.enter_context(
            serving(
                router,
                options.host,
                options.port,
                passwords=passwords,
                authorized_keys=keys,
                host_key=host_key,
            )
        )
        if options.control is not None:  # who gets an answer there finds the port open
            running.enter_context(controlled(router, options.control))
        print(f"EMULATED {options.platform} {router.hostname}, not the vendor's software")
        print(f"listening on {server.host} port {server.port}; known_hosts line:")
        print(server.host_key_line, flush=True)
        until.wait()
    return 0


def _neighbor(text: str) -> tuple[str, int]:
    address, _, asn = text.partition("=")
    return str(ip_address(address)), int(asn)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m lab.emulators", description="One EMULATED router behind a real SSH server."
    )
    parser.add_argument("platform", choices=PLATFORMS)
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--hostname", default="router", help="the router's name")
    parser.add_argument("--config", type=Path, help="initial configuration, also the startup one")
    parser.add_argument("--user", default="enforcer")
    parser.add_argument("--password", default="enforcer", help="empty: keys only")
    parser.add_argument("--authorized-keys", type=Path, help="OpenSSH public keys that may log in")
    parser.add_argument("--host-key", type=Path, help="OpenSSH private key; default: a new one")
    parser.add_argument(
        "--neighbor",
        type=_neighbor,
        action="append",
        default=[],
        metavar="ADDRESS=AS",
        help="an established BGP adjacency (those of cisco_* are up by their configuration)",
    )
    parser.add_argument("--control", type=Path, help="Unix socket for questions of tests")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
