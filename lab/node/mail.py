# SPDX-License-Identifier: GPL-2.0-or-later
"""An SMTP server on port 25 for IPv4 and IPv6: keeps what it accepts, or passes it on.

Each message is one file, ``/var/mail/lab/NUMBER.eml``: a line with the client's address, one
with the envelope, then the message as received. With ``--next-hop`` it is a relay: the message
is kept after the next hop has accepted it, and the client hears the next hop's refusal.
"""

import argparse
import asyncio
import itertools
import smtplib
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

STORE = Path("/var/mail/lab")
NEXT_HOP_TIMEOUT = 5.0


class Mailbox:
    """Keeps messages, after the next hop took them if there is one."""

    def __init__(self, next_hop: str) -> None:
        self._next_hop = next_hop
        self._numbers = itertools.count(1)

    async def handle_DATA(  # noqa: N802 aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Answers the end of DATA (RFC 5321, section 4.1.1.4)."""
        content = envelope.content
        assert isinstance(content, bytes)
        if self._next_hop:
            try:
                await asyncio.get_running_loop().run_in_executor(None, self._pass_on, envelope)
            except (OSError, smtplib.SMTPException) as error:
                return f"451 4.4.1 the next hop cannot be reached: {error}".replace("\n", " ")
        client = session.peer[0] if session.peer else "?"
        head = f"From {client}\nEnvelope {envelope.mail_from} {envelope.rcpt_tos}\n"
        number = next(self._numbers)
        part = STORE / f"{number:06d}.part"
        part.write_bytes(head.encode() + content)
        part.rename(STORE / f"{number:06d}.eml")
        return f"250 2.0.0 kept as {number}"

    def _pass_on(self, envelope: Envelope) -> None:
        assert isinstance(envelope.content, bytes) and envelope.mail_from is not None
        with smtplib.SMTP(self._next_hop, 25, timeout=NEXT_HOP_TIMEOUT) as onward:
            onward.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.content)


async def serve(next_hop: str) -> None:
    """Serves until killed."""
    STORE.mkdir(parents=True, exist_ok=True)
    mailbox = Mailbox(next_hop)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="mail.lab.example.net"), None, 25
    )
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="SMTP sink or relay")
    parser.add_argument("--next-hop", default="")
    asyncio.run(serve(parser.parse_args().next_hop))
