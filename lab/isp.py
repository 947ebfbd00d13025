# SPDX-License-Identifier: GPL-2.0-or-later
"""Names and addresses of ``lab/isp.clab.yml``, and waiting until that lab is ready.

The topology file is the truth; a lab test asks the nodes whether these are their addresses.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lab.shell import wait_until
from lab.traffic.mail import send_mail
from lab.traffic.news import NntpRefused, NntpSession
from lab.traffic.ping import ping
from lab.traffic.tcp import tcp_open


@dataclass(frozen=True)
class Addresses:
    """A node's addresses; ``v4`` and ``v6`` are those it sends from by itself."""

    node: str
    v4: str
    v6: str
    more4: tuple[str, ...] = ()
    more6: tuple[str, ...] = ()


CUST1 = Addresses(
    "cust1",
    "198.51.100.10",
    "2001:db8:101::10",
    ("198.51.100.11", "198.51.100.12"),
    ("2001:db8:101::11", "2001:db8:101::12"),
)
CUST2 = Addresses(
    "cust2",
    "198.51.100.130",
    "2001:db8:102::130",
    ("198.51.100.131", "198.51.100.132"),
    ("2001:db8:102::131", "2001:db8:102::132"),
)
RELAY = Addresses("relay", "203.0.113.25", "2001:db8:100::25")
RESOLVER = Addresses("relay", "203.0.113.53", "2001:db8:100::53")
GARDEN = Addresses("relay", "203.0.113.80", "2001:db8:100::80")
NEWS = Addresses("news", "203.0.113.119", "2001:db8:100::119")
MAILSINK = Addresses("mailsink", "192.0.2.25", "2001:db8:f00:25::25")
VICTIM = Addresses("victim", "192.0.2.10", "2001:db8:f00:10::10")
THIRD = Addresses("third", "192.0.2.66", "2001:db8:f00:66::66")
EDGE1 = Addresses("edge1", "203.0.113.241", "2001:db8:100:ff::1")
CORE1 = Addresses("core1", "203.0.113.242", "2001:db8:100:ff::2")
ALL = (
    CUST1, CUST2, RELAY, RESOLVER, GARDEN, NEWS, MAILSINK, VICTIM, THIRD, EDGE1, CORE1,
)  # fmt: skip

CUST1_PREFIXES = ("198.51.100.0/25", "2001:db8:101::/48")
CUST2_PREFIXES = ("198.51.100.128/25", "2001:db8:102::/48")
ECHO_PORTS = (7, 53, 80, 443, 1234, 8080)


def wait_for_isp(timeout: float = 30.0) -> float:
    """Waits until routes, mail and news work end to end; returns the seconds it took.

    Raises:
        LabCommandFailed: something does not within ``timeout`` seconds each, and what.
    """
    checks: list[tuple[str, Callable[[], bool]]] = [
        ("cust1 reaches victim (IPv4)", lambda: ping("cust1", VICTIM.v4)),
        ("cust1 reaches victim (IPv6)", lambda: ping("cust1", VICTIM.v6)),
        ("cust2 reaches third (IPv4)", lambda: ping("cust2", THIRD.v4)),
        ("cust2 reaches third (IPv6)", lambda: ping("cust2", THIRD.v6)),
        ("the relay passes mail on", lambda: send_mail("cust1", RELAY.v4).accepted),
        ("cust1 accepts mail", lambda: tcp_open("third", "", CUST1.v4, 25)),
        ("third accepts mail", lambda: tcp_open("cust1", "", THIRD.v4, 25)),
        ("INN of news answers its peer", lambda: _greets("cust2", NEWS.v4)),
        ("INN of cust2 answers its peer", lambda: _greets("news", CUST2.v4)),
    ]
    checks += [(f"echo on {a.node}", _echoes(a)) for a in (CUST1, CUST2, VICTIM, RELAY, THIRD)]
    return sum(wait_until(holds, what, timeout=timeout) for what, holds in checks)


def _echoes(host: Addresses) -> Callable[[], bool]:
    return lambda: tcp_open("news", "", host.v4, 7) and tcp_open("news", "", host.v6, 7)


def _greets(node: str, server: str) -> bool:
    try:
        with NntpSession(node, server) as nntp:
            nntp.expect("200")
    except (NntpRefused, OSError):
        return False
    return True
