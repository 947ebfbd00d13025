# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic tools for a process inside the lab (its command, a test, the demo).

Every function names nodes as the topology file does and finds their namespaces itself. A
measurement that cannot be trusted raises ``NoVerdict``: it never counts as "blocked".
"""

from lab.errors import NoVerdict
from lab.traffic.capture import Capture
from lab.traffic.crafted import (
    Passage,
    Probe,
    fragments,
    icmp,
    inject,
    ip_layer,
    passage,
    protocol,
    tcp,
    udp,
)
from lab.traffic.mail import Delivery, mail_arrives, mailbox, send_mail
from lab.traffic.news import (
    NewsOutcome,
    news_arrives,
    nntp_ihave,
    nntp_post,
    nntp_read,
    nntp_stat,
    nntp_transfer,
)
from lab.traffic.ping import ping
from lab.traffic.stream import Flow, Sent, Stream, Verdict, Window
from lab.traffic.tcp import Attempt, Established, tcp_attempt, tcp_open

__all__ = [
    "Attempt",
    "Capture",
    "Delivery",
    "Established",
    "Flow",
    "NewsOutcome",
    "NoVerdict",
    "Passage",
    "Probe",
    "Sent",
    "Stream",
    "Verdict",
    "Window",
    "fragments",
    "icmp",
    "inject",
    "ip_layer",
    "mail_arrives",
    "mailbox",
    "news_arrives",
    "nntp_ihave",
    "nntp_post",
    "nntp_read",
    "nntp_stat",
    "nntp_transfer",
    "passage",
    "ping",
    "protocol",
    "send_mail",
    "tcp",
    "tcp_attempt",
    "tcp_open",
    "udp",
]
