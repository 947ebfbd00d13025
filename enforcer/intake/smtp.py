# SPDX-License-Identifier: GPL-2.0-or-later
"""Listen for reports that come as mail: SMTP or LMTP, behind your mail server.

It delivers nothing further, relays nothing, and says 250 only when the report is stored; else 451,
and the mail server keeps the mail. Nobody is authenticated here, so nothing here is trusted.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from enforcer.application.actor import Actor
from enforcer.core.access import Rights, Role
from enforcer.errors import ConfigurationInvalid, EnforcerError, InvalidInput, Throttled
from enforcer.intake.arrivals import Receipt, arrivals_of
from enforcer.intake.inbox import Inbox
from enforcer.intake.mail import read_mail

log = structlog.get_logger()

SOURCE = "mail"
_MOST_RECIPIENTS = 20
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class MailSettings:
    """``[service.intake.adapters.mail]``. `listen`: ``address:port``; `lmtp`: speak LMTP.

    `largest`: bytes of a mail. `recipients`: globs of addresses that mail is taken for.
    """

    listen: str = "127.0.0.1:2525"
    lmtp: bool = False
    largest: int = 10_485_760
    recipients: tuple[str, ...] = ("*",)

    @property
    def address(self) -> tuple[str, int]:
        """Where to listen."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


def read_settings(stated: Mapping[str, Any]) -> MailSettings:
    """The settings. Raises ConfigurationInvalid naming the key."""
    place = "service.intake.adapters.mail"
    for key in stated:
        if key not in MailSettings.__dataclass_fields__:
            raise ConfigurationInvalid(f"{place}: {key}: there is no such key")
    laid = dict(stated)
    if "recipients" in laid:
        value = laid["recipients"]
        laid["recipients"] = (value,) if isinstance(value, str) else tuple(map(str, value))
    settings = MailSettings(**laid)
    host, _, port = str(settings.listen).rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigurationInvalid(f"{place}: listen: write ADDRESS:PORT, such as 127.0.0.1:2525")
    if not isinstance(settings.lmtp, bool):
        raise ConfigurationInvalid(f"{place}: lmtp: write true or false")
    if isinstance(settings.largest, bool) or not isinstance(settings.largest, int):
        raise ConfigurationInvalid(f"{place}: largest: write a number of bytes")
    return settings


class Mailbox:
    """What aiosmtpd asks; its threads may block, its loop may not."""

    def __init__(self, inbox: Inbox, settings: MailSettings) -> None:
        self._inbox = inbox
        self._settings = settings

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Whether mail for `address` is taken."""
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        plain = address.lower()
        if not any(fnmatchcase(plain, glob.lower()) for glob in self._settings.recipients):
            return "550 5.1.1 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Store what the mail reports."""
        raw = envelope.original_content or b""
        return await asyncio.to_thread(self.take, raw)

    def take(self, raw: bytes) -> str:
        """The answer to a mail: what was stored, or whether to come again."""
        actor = Actor(SOURCE, SOURCE, Rights(frozenset({Role.DETECTOR})))
        try:
            signals = read_mail(raw)
            results = self._inbox.submit(arrivals_of(signals, actor, False, raw))
        except InvalidInput as problem:
            return self._refuse(actor, raw, problem)
        except Throttled:
            return "451 4.3.2 too much at once: come again later"
        except EnforcerError as error:
            log.error("mail.not-stored", error=str(error))
            return "451 4.3.0 not stored: come again later"
        stored = [one.id for one in results if isinstance(one, Receipt)]
        if len(stored) < len(results):
            return "451 4.3.2 too many reports: come again later"
        return f"250 2.0.0 stored as report {', '.join(map(str, stored))}"

    def _refuse(self, actor: Actor, raw: bytes, problem: InvalidInput) -> str:
        try:
            self._inbox.intake.malformed(SOURCE, "mail", raw, str(problem))
        except EnforcerError as error:
            log.error("mail.not-stored", error=str(error))
            return "451 4.3.0 not stored: come again later"
        return "554 5.6.0 this cannot be read"


class _Listener:
    """SMTP or LMTP on `sock`, in a thread with an event loop of its own."""

    def __init__(self, mailbox: Mailbox, settings: MailSettings, sock: socket.socket) -> None:
        self._mailbox = mailbox
        self._settings = settings
        self._protocol: type[SMTP] = LMTP if settings.lmtp else SMTP
        self._sock = sock
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._spoken: weakref.WeakSet[SMTP] = weakref.WeakSet()
        self._thread = threading.Thread(target=self._run, name="mail", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Mails that are being stored get their answer; the rest come again."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    async def _serve(self) -> None:
        server = await self._loop.create_server(self._connection, sock=self._sock)
        await self._end.wait()
        server.close()
        for protocol in self._spoken:
            if protocol.transport is not None:
                protocol.transport.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _connection(self) -> SMTP:
        protocol = self._protocol(
            self._mailbox,
            data_size_limit=self._settings.largest,
            enable_SMTPUTF8=True,
            hostname="enforcer",
            ident="enforcer",
            timeout=_SECONDS,
            loop=self._loop,
        )
        self._spoken.add(protocol)
        return protocol


@contextmanager
def listening(inbox: Inbox, settings: MailSettings) -> Iterator[int]:
    """Listen while the block runs; the port. Raises ConfigurationInvalid where it is taken."""
    host, port = settings.address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.create_server((host, port), family=family)
    except OSError as problem:
        raise ConfigurationInvalid(
            f"service.intake.adapters.mail: cannot listen at {settings.listen}:"
            f" {problem.strerror or problem}: free it, or give another address"
        ) from None
    place = sock.getsockname()
    listener = _Listener(Mailbox(inbox, settings), settings, sock)
    listener.start()
    log.info("listening for mail", lmtp=settings.lmtp, address=place[0], port=place[1])
    try:
        yield place[1]
    finally:
        listener.stop()
