# SPDX-License-Identifier: GPL-2.0-or-later
"""Real Usenet between nodes: posting, reading, and transfer by NNTP (RFC 3977) through INN."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from lab.errors import LabCommandFailed, NoVerdict
from lab.shell import wait_until
from lab.traffic.sockets import open_tcp

NNTP_PORT = 119
NNTP_TIMEOUT = 3.0
GROUP = "lab.test"


@dataclass(frozen=True)
class NewsOutcome:
    """How an exchange ended: ``reply`` is the server's line that decided, or the error."""

    done: bool
    message_id: str
    reply: str


class NntpRefused(Exception):
    """The server answered otherwise than the protocol needs; the text is its line."""


class NntpSession:
    """An NNTP dialogue from a node; leave it to close the connection."""

    def __init__(
        self, node: str, server: str, *, src: str = "", timeout: float = NNTP_TIMEOUT
    ) -> None:
        self._tcp = open_tcp(node, src, server)
        self._tcp.settimeout(timeout)
        try:
            self._tcp.connect((server, NNTP_PORT))
        except OSError:
            self._tcp.close()
            raise
        self._lines = self._tcp.makefile("rb")

    def __enter__(self) -> "NntpSession":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._tcp.close()

    def expect(self, *codes: str) -> str:
        """Reads a status line that begins with one of the codes.

        Raises:
            NntpRefused: another line came, or none.
            OSError: the connection failed or timed out.
        """
        line = self._lines.readline().decode(errors="replace").strip()
        if line[:3] not in codes:
            raise NntpRefused(line or "the server hung up")
        return line

    def say(self, command: str, *codes: str) -> str:
        """Sends a command and expects one of the status codes."""
        self._tcp.sendall(command.encode() + b"\r\n")
        return self.expect(*codes)

    def article(self, text: str, *codes: str) -> str:
        """Sends an article, dot-stuffed and ended (RFC 3977, section 3.1.1)."""
        lines = ["." + line if line.startswith(".") else line for line in text.splitlines()]
        self._tcp.sendall("\r\n".join([*lines, ".", ""]).encode())
        return self.expect(*codes)

    def text(self) -> str:
        """Reads lines up to the lone dot (RFC 3977, section 3.1.1)."""
        lines = []
        while (line := self._lines.readline().decode(errors="replace").rstrip("\r\n")) != ".":
            if not line and not self._lines.peek(1):
                raise NntpRefused("the server hung up inside an article")
            lines.append(line.removeprefix("."))
        return "\n".join(lines)


def nntp_post(node: str, server: str, *, src: str = "", group: str = GROUP) -> NewsOutcome:
    """Posts an article as a reader (RFC 3977, section 6.3.1)."""
    message_id = _new_message_id()

    def dialogue() -> str:
        with NntpSession(node, server, src=src) as nntp:
            nntp.expect("200")
            nntp.say("MODE READER", "200")
            nntp.say("POST", "340")
            return nntp.article(_article(message_id, group), "240")

    return _outcome(message_id, dialogue)


def nntp_ihave(node: str, server: str, *, src: str = "", group: str = GROUP) -> NewsOutcome:
    """Hands an article over as a feeding peer (RFC 3977, section 6.3.2)."""
    message_id = _new_message_id()

    def dialogue() -> str:
        with NntpSession(node, server, src=src) as nntp:
            nntp.expect("200", "201")
            nntp.say(f"IHAVE {message_id}", "335")
            return nntp.article(_article(message_id, group, path="probe"), "235")

    return _outcome(message_id, dialogue)


def nntp_stat(node: str, server: str, message_id: str, *, src: str = "") -> NewsOutcome:
    """Asks a server whether it has an article (RFC 3977, section 6.2.4)."""

    def dialogue() -> str:
        with NntpSession(node, server, src=src) as nntp:
            nntp.expect("200", "201")
            return nntp.say(f"STAT {message_id}", "223")

    return _outcome(message_id, dialogue)


def nntp_read(node: str, server: str, message_id: str, *, src: str = "") -> NewsOutcome:
    """Reads an article as a reader; ``reply`` holds its whole text."""

    def dialogue() -> str:
        with NntpSession(node, server, src=src) as nntp:
            nntp.expect("200", "201")
            nntp.say("MODE READER", "200", "201")
            status = nntp.say(f"ARTICLE {message_id}", "220")
            return status + "\n" + nntp.text()

    return _outcome(message_id, dialogue)


def nntp_transfer(source: str, sink: str, timeout: float = 15.0) -> NewsOutcome:
    """Posts at one news server node and waits until the feed has brought it to another.

    Both servers are asked on their own node, so only the feed crosses the network.

    Raises:
        NoVerdict: the article could not even be posted on its own server.
    """
    posted = nntp_post(source, "127.0.0.1")
    if not posted.done:
        raise NoVerdict(f"{source}: cannot post on its own server: {posted.reply}")
    return news_arrives(sink, posted.message_id, timeout)


def news_arrives(sink: str, message_id: str, timeout: float = 15.0) -> NewsOutcome:
    """Waits until a news server node has the article; asked on the node itself."""
    start = time.monotonic()
    try:
        wait_until(
            lambda: nntp_stat(sink, "127.0.0.1", message_id).done, message_id, timeout=timeout
        )
    except LabCommandFailed as error:
        return NewsOutcome(False, message_id, str(error))
    return NewsOutcome(True, message_id, f"there after {time.monotonic() - start:.2f} s")


def _outcome(message_id: str, dialogue: Callable[[], str]) -> NewsOutcome:
    try:
        return NewsOutcome(True, message_id, dialogue())
    except (NntpRefused, OSError) as error:
        return NewsOutcome(False, message_id, f"{type(error).__name__}: {error}")


def _new_message_id() -> str:
    return f"<{os.urandom(8).hex()}@lab.example.net>"


def _article(message_id: str, group: str, path: str = "") -> str:
    head = [f"Path: {path}!not-for-mail"] if path else []
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    head += [
        "From: probe@lab.example.net",
        f"Newsgroups: {group}",
        "Subject: probe",
        f"Message-ID: {message_id}",
        f"Date: {date}",
    ]
    return "\n".join([*head, "", "A probe of the lab.", ""])
