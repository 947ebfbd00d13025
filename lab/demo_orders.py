# SPDX-License-Identifier: GPL-2.0-or-later
"""The orders of the mission: each is placed by command while packets flow, and judged by them."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lab.demo_accounts import Login
from lab.demo_rows import Check, Row
from lab.demo_traffic import Measured, Way, monotonic_of, stops
from lab.installation import Controller, Installation
from lab.isp import CUST1, CUST2, GARDEN, MAILSINK, NEWS, RELAY, RESOLVER, THIRD, VICTIM
from lab.traffic.crafted import Probe, passage, tcp, udp
from lab.traffic.mail import mail_arrives, send_mail
from lab.traffic.news import news_arrives, nntp_post, nntp_transfer
from lab.traffic.tcp import Established, tcp_open

DISCARD = 9  # nobody listens there
SPOOFED = ("198.51.100.77", "2001:db8:101::77")  # cust1's addresses, sent by cust2
LISTED = 1000
SAMPLE = 40
FEED_SILENCE = 3.0  # seconds in which an open feed delivers three times over


@dataclass
class Demo:
    """What the scenes share.

    Attributes:
        say: tells a person what is being done.
        ways: the flows that an order stops, by its id.
        held_back: the article that was posted while the feed was cut.
        repairs: the controller's own sentence about each repair of a router.
        desk: what the desk refused, warned of, withheld and told.
        logins: accounts of the web desk, where it is to be looked at.
    """

    installation: Installation
    controller: Controller
    say: Callable[[str], None]
    rows: list[Row] = field(default_factory=list)
    ways: dict[str, list[Way]] = field(default_factory=dict)
    held_back: str = ""
    repairs: list[str] = field(default_factory=list)
    desk: list[Check] = field(default_factory=list)
    logins: list[Login] = field(default_factory=list)

    def place(self, *words: str) -> dict[str, Any]:
        """Place an order by command and wait until it is enforced; the order."""
        order: dict[str, Any] = self.installation.ask("order", *words, "--wait", "30s")
        return order

    def lift(self, order: str) -> dict[str, Any]:
        """Lift an order by command and wait until it is gone; the order."""
        words = ("order", "lift", order, "--reason", "the demo goes on", "--wait", "30s")
        lifted: dict[str, Any] = self.installation.ask(*words)
        return lifted

    def measure(self, words: Sequence[str], ways: Sequence[Way], spared: Sequence[Way]) -> Row:
        """Place an order under its flows and note what became of them."""
        [row] = self.measure_all({tuple(words): ways}, spared)
        return row

    def measure_all(
        self, orders: Mapping[tuple[str, ...], Sequence[Way]], spared: Sequence[Way]
    ) -> list[Row]:
        """The same for several orders at once, each with its own flows."""
        for words in orders:
            self.say(f"enforcer order {' '.join(words)}")
        placed: list[dict[str, Any]] = []
        typed = time.monotonic()

        def act() -> list[float]:
            nonlocal typed
            typed = time.monotonic()
            with ThreadPoolExecutor(len(orders)) as shells:
                placed.extend(shells.map(lambda words: self.place(*words), orders))
            return [instant_of(order["created"]) for order in placed]

        measured = stops(list(orders.values()), spared, act)
        rows = [
            _measured_row(order, seen, typed) for order, seen in zip(placed, measured, strict=True)
        ]
        self.rows += rows
        self.ways |= {row.order: list(w) for row, w in zip(rows, orders.values(), strict=True)}
        return rows


def _measured_row(order: dict[str, Any], seen: Measured, typed: float) -> Row:
    row = row_of(order)
    row.before, row.after, row.effect = seen.before, seen.after, seen.effect
    if seen.effect is not None:
        row.typed = instant_of(order["created"]) + seen.effect - typed
    row.spared, row.measured = seen.lost, seen.stopped
    status = str(order["status"])
    row.check("its status is enforced", status == "enforced", status)
    return row


def instant_of(iso: str) -> float:
    """The instant of an ISO 8601 time, on CLOCK_MONOTONIC."""
    return monotonic_of(datetime.fromisoformat(iso))


def row_of(order: dict[str, Any]) -> Row:
    """A row for an order as the command line shows it."""
    devices = ", ".join(one["device"] for one in order["devices"])
    return Row(order["id"], order["kind"], order["target"], devices)


def both_ways(a: str, b: str, there: Probe, back: Probe) -> list[Way]:
    """One probe from node a to b, another from b to a."""
    return [Way(a, b, there), Way(b, a, back)]


def there_and_back(host: str, other: str) -> tuple[Probe, Probe]:
    """A datagram from a host to another, and one back."""
    return udp(host, other, DISCARD), udp(other, host, DISCARD)


def block_address(demo: Demo) -> None:
    """A host of a customer, both ways, IPv4 and IPv6; its neighbour loses nothing."""
    hosts = {CUST1.more4[0]: VICTIM.v4, CUST1.more6[0]: VICTIM.v6}
    orders: dict[tuple[str, ...], list[Way]] = {
        ("block-address", host, "--for", "2h", "--reason", "phishing page"): both_ways(
            "cust1", "victim", *there_and_back(host, victim)
        )
        for host, victim in hosts.items()
    }
    spared = [
        Way("cust1", "victim", udp(CUST1.v4, VICTIM.v4, DISCARD)),
        Way("cust1", "victim", udp(CUST1.v6, VICTIM.v6, DISCARD)),
    ]
    with ExitStack() as stack:
        connections = [stack.enter_context(Established("cust1", *ends)) for ends in hosts.items()]
        flowed = [connection.flows() for connection in connections]
        rows = demo.measure_all(orders, spared)
        for row, connection, before in zip(rows, connections, flowed, strict=True):
            cut = before and not connection.flows()
            row.check("an established TCP connection is cut", cut)


def block_port(demo: Demo) -> None:
    """Port 25 of a customer; the provider's relay stays reachable and still delivers."""
    ways = [
        Way("cust1", "mailsink", tcp(CUST1.v4, MAILSINK.v4, 25, flags="A")),
        Way("cust1", "mailsink", tcp(CUST1.v6, MAILSINK.v6, 25, flags="A")),
    ]
    spared = [
        Way("cust1", "relay", tcp(CUST1.v4, RELAY.v4, 25, flags="A")),
        Way("cust1", "relay", tcp(CUST1.v6, RELAY.v6, 25, flags="A")),
        Way("cust1", "mailsink", tcp(CUST1.v4, MAILSINK.v4, 80, flags="A")),
    ]
    direct_before = send_mail("cust1", MAILSINK.v4)
    words = ("block-port", "cust1", "--port", "25", "--except", "relay", "--for", "7d")
    row = demo.measure((*words, "--reason", "spam run"), ways, spared)
    for server in (MAILSINK.v4, MAILSINK.v6):
        direct = send_mail("cust1", server, timeout=1.0)
        row.check(f"mail straight to {server} is stopped", not direct.accepted, direct.reply)
    arrived = direct_before.accepted and mail_arrives("mailsink", direct_before)
    row.check("it had arrived before the order", arrived, direct_before.reply)
    for server in (RELAY.v4, RELAY.v6):
        relayed = send_mail("cust1", server)
        arrived = relayed.accepted and mail_arrives("mailsink", relayed)
        row.check(f"mail through the relay {server} arrives", arrived, relayed.reply)


def block_third_party(demo: Demo) -> None:
    """An address of somebody else, on the border, both ways, IPv4 and IPv6."""
    orders: dict[tuple[str, ...], list[Way]] = {
        ("block-address", third, "--for", "1d", "--reason", "attack on our customers"): both_ways(
            "third", "cust1", *there_and_back(third, host)
        )
        for third, host in ((THIRD.v4, CUST1.v4), (THIRD.v6, CUST1.v6))
    }
    spared = [
        Way("third", "cust1", udp("9.9.9.9", CUST1.v4, DISCARD)),
        Way("third", "cust1", udp("2620:fe::9", CUST1.v6, DISCARD)),
    ]
    demo.measure_all(orders, spared)


def cut_feed(demo: Demo) -> None:
    """The news feed of a customer, both ways; an article posted now does not arrive."""
    ways = [
        *both_ways("cust2", "news", _feed(CUST2.v4, NEWS.v4), _feed(NEWS.v4, CUST2.v4)),
        *both_ways("cust2", "news", _feed(CUST2.v6, NEWS.v6), _feed(NEWS.v6, CUST2.v6)),
    ]
    spared = [Way("cust2", "news", udp(CUST2.v4, NEWS.v4, DISCARD))]
    fed = nntp_transfer("cust2", "news")
    words = ("cut-feed", "cust2", "--for", "30d", "--reason", "no abuse handling")
    row = demo.measure(words, ways, spared)
    row.check("an article had been fed before", fed.done, fed.reply)
    posted = nntp_post("cust2", "127.0.0.1")
    held = posted.done and not news_arrives("news", posted.message_id, FEED_SILENCE).done
    row.check(f"an article posted now is not fed within {FEED_SILENCE:.0f} s", held, posted.reply)
    demo.held_back = posted.message_id


def resume_feed(demo: Demo) -> None:
    """The cut is lifted: the feed resumes with the article that was held back."""
    [row] = [row for row in demo.rows if row.kind == "cut_feed"]
    demo.say("lifting the cut of the feed: it resumes with what was held back")
    demo.lift(row.order)
    resumed = news_arrives("news", demo.held_back)
    row.check("after lifting, the article that was held back arrives", resumed.done, resumed.reply)


def _feed(src: str, dst: str) -> Probe:
    return tcp(src, dst, 119, flags="A")


def suspend_customer(demo: Demo) -> None:
    """Everything of a customer's line, spoofed sources too, but the essentials."""
    ways = [
        *both_ways("cust2", "victim", *there_and_back(CUST2.v4, VICTIM.v4)),
        *both_ways("cust2", "victim", *there_and_back(CUST2.v6, VICTIM.v6)),
        Way("cust2", "victim", udp(SPOOFED[0], VICTIM.v4, DISCARD)),
        Way("cust2", "victim", udp(SPOOFED[1], VICTIM.v6, DISCARD)),
    ]
    spared = [
        Way("cust2", "relay", udp(CUST2.v4, RESOLVER.v4, 53)),
        Way("relay", "cust2", udp(RESOLVER.v6, CUST2.v6, 40000, sport=53)),
        Way("cust1", "victim", udp(CUST1.v4, VICTIM.v4, DISCARD)),
    ]
    words = ("suspend-customer", "cust2", "--by", "interface", "--except", "essentials")
    row = demo.measure((*words, "--open-ended", "--reason", "unpaid"), ways, spared)
    for garden, victim in ((GARDEN.v4, VICTIM.v4), (GARDEN.v6, VICTIM.v6)):
        row.check(f"the walled garden {garden} opens", tcp_open("cust2", "", garden, 80))
        row.check(f"the web elsewhere ({victim}) does not", not tcp_open("cust2", "", victim, 80))


def block_list(demo: Demo) -> None:
    """A list from a file: comments are skipped, what is no address is rejected and shown."""
    v4, v6 = listed()
    file = demo.installation.folder / "botnets.txt"
    file.write_text(list_text(v4, v6), encoding="utf-8")
    demo.say(f"enforcer list import botnets {file.name}")
    imported = demo.installation.ask("list", "import", "botnets", str(file))
    ways = [
        *both_ways("third", "cust1", *there_and_back(v4[0], CUST1.v4)),
        *both_ways("third", "cust1", *there_and_back(v6[0], CUST1.v6)),
    ]
    spared = [Way("third", "cust1", udp("198.18.255.255", CUST1.v4, DISCARD))]
    words = ("block-list", "botnets", "--open-ended", "--reason", "command and control")
    row = demo.measure(words, ways, spared)
    count = f"{imported['entries']} entries, {imported['rejected']} rejected"
    right = (imported["entries"], imported["rejected"]) == (LISTED, 1)
    row.check(f"the file's {LISTED} entries are in, its broken line is not", right, count)
    step = LISTED // SAMPLE
    sample = [*v4, *v6][::step]
    probes = [udp(a, CUST1.v4 if "." in a else CUST1.v6, DISCARD) for a in sample]
    seen = passage("third", "cust1", probes, control=udp("9.9.9.9", CUST1.v4, DISCARD))
    row.check(
        f"{len(sample)} entries by sample are blocked", seen.all_dropped, ", ".join(seen.passed)
    )


def listed() -> tuple[list[str], list[str]]:
    """The list's addresses, from the benchmarking ranges (RFC 2544, RFC 5180)."""
    half = LISTED // 2
    v4 = [f"198.18.{n // 250}.{n % 250 + 1}" for n in range(half)]
    return v4, [f"2001:2::{n:x}:1" for n in range(half)]


def list_text(v4: Sequence[str], v6: Sequence[str]) -> str:
    """The list as its publisher would send it: with comments, and one line that is broken."""
    head = "# Botnet controllers\n; updated hourly\n\n"
    body = "\n".join([*v4, "198.18.300.7", *v6])
    return f"{head}{body} # the last one\n"
