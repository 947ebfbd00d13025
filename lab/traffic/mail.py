# SPDX-License-Identifier: GPL-2.0-or-later
"""Real mail between nodes: sent by SMTP, looked for in the receiving node's mailbox."""

import os
import smtplib
from dataclasses import dataclass

from lab.errors import LabCommandFailed
from lab.inside import current
from lab.namespaces import run_in
from lab.shell import wait_until

MAILBOX = "/var/mail/lab"
SMTP_TIMEOUT = 2.0


@dataclass(frozen=True)
class Delivery:
    """What the server answered: ``token`` is in the subject, ``reply`` the answer or the error."""

    accepted: bool
    token: str
    reply: str


def send_mail(node: str, server: str, *, src: str = "", timeout: float = SMTP_TIMEOUT) -> Delivery:
    """Sends one mail by SMTP from a node to a server's port 25 (RFC 5321).

    Args:
        node: whose network is used.
        server: IPv4 or IPv6 address of the server.
        src: source address; empty leaves it to the kernel.
        timeout: seconds for each step of the dialogue.
    """
    token = os.urandom(8).hex()
    text = f"From: <probe@lab.example.net>\nTo: <box@lab.example.net>\nSubject: {token}\n\nprobe\n"

    def dialogue() -> str:
        source = (src, 0) if src else None
        with smtplib.SMTP(
            server, 25, local_hostname=node, timeout=timeout, source_address=source
        ) as smtp:
            smtp.sendmail("probe@lab.example.net", ["box@lab.example.net"], text)
        return "accepted"

    try:
        return Delivery(True, token, run_in(current().netns(node), dialogue))
    except (OSError, smtplib.SMTPException) as error:
        return Delivery(False, token, f"{type(error).__name__}: {error}")


def mailbox(node: str) -> list[str]:
    """The messages that a mail server node keeps, oldest first: client, envelope, content."""
    kept = current().path(node, MAILBOX)
    return [path.read_text(errors="replace") for path in sorted(kept.glob("*.eml"))]


def mail_arrives(node: str, delivery: Delivery, timeout: float = 5.0) -> bool:
    """Whether the mail comes to be in the node's mailbox within ``timeout`` seconds."""
    wanted = f"Subject: {delivery.token}"
    try:
        wait_until(lambda: any(wanted in mail for mail in mailbox(node)), wanted, timeout=timeout)
    except LabCommandFailed:
        return False
    return True
