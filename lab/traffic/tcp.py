# SPDX-License-Identifier: GPL-2.0-or-later
"""Real TCP from a node's kernel: can a connection be opened, and does an open one still flow."""

import time
from enum import Enum
from types import TracebackType

from lab.errors import NoVerdict
from lab.traffic.sockets import open_tcp

CONNECT_TIMEOUT = 1.5  # seconds: the SYN's first repetition comes after one (RFC 6298, section 2)
ECHO_PORT = 7


class Attempt(Enum):
    """How opening a connection ended."""

    OPEN = "open"
    REFUSED = "refused"  # a reset came back: the packets pass, or a filter rejects
    SILENT = "silent"  # nothing came back in time
    UNREACHABLE = "unreachable"  # an ICMP error, or no route


def tcp_attempt(
    node: str, src: str, dst: str, port: int, timeout: float = CONNECT_TIMEOUT
) -> Attempt:
    """Tries to open a TCP connection from a node; an empty ``src`` lets the kernel choose.

    Raises:
        NoVerdict: the node cannot send from ``src``.
    """
    with open_tcp(node, src, dst) as tcp:
        tcp.settimeout(timeout)
        try:
            tcp.connect((dst, port))
        except TimeoutError:
            return Attempt.SILENT
        except ConnectionRefusedError:
            return Attempt.REFUSED
        except OSError:
            return Attempt.UNREACHABLE
        return Attempt.OPEN


def tcp_open(node: str, src: str, dst: str, port: int, timeout: float = CONNECT_TIMEOUT) -> bool:
    """Whether a TCP connection can be opened; ``tcp_attempt`` says why not."""
    return tcp_attempt(node, src, dst, port, timeout) is Attempt.OPEN


class Established:
    """An open TCP connection to a node's echo service, kept to see when it is cut.

    Raises:
        NoVerdict: it could not be opened in the first place.
    """

    def __init__(
        self, node: str, src: str, dst: str, port: int = ECHO_PORT, timeout: float = 5.0
    ) -> None:
        self.name = f"{node} {src} > {dst}:{port}"
        self._tcp = open_tcp(node, src, dst)
        self._tcp.settimeout(timeout)
        self._said = 0
        self._heard = b""
        try:
            self._tcp.connect((dst, port))
        except OSError as error:
            self._tcp.close()
            raise NoVerdict(f"{self.name}: cannot be opened: {error}") from error

    def __enter__(self) -> "Established":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tcp.close()

    def flows(self, timeout: float = 1.0) -> bool:
        """Whether new bytes are echoed within ``timeout`` seconds.

        After a cut has been lifted, TCP repeats what was lost after as long again as it has
        waited already (RFC 6298, section 5.5): allow at least the length of the cut.
        """
        self._said += 1
        token = b"<%d>" % self._said
        end = time.monotonic() + timeout
        try:
            self._tcp.settimeout(timeout)
            self._tcp.sendall(token)
            while token not in self._heard:
                self._tcp.settimeout(max(0.001, end - time.monotonic()))
                heard = self._tcp.recv(4096)
                if not heard:
                    return False
                self._heard = (self._heard + heard)[-4096:]
        except OSError:  # silence, a reset, or an ICMP error
            return False
        return True
