# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders under running traffic: what is cut, what loses nothing, what revives, and when."""

import time
from datetime import timedelta
from ipaddress import ip_network

import pytest

from enforcer.core.orders import BlockAddress, BlockPort, CutFeed, Demand, PortRange, Selection
from lab.demo_traffic import monotonic_of
from lab.isp import CUST1, CUST2, MAILSINK, NEWS, RELAY, THIRD, VICTIM
from lab.probes import (
    Established,
    Probe,
    Stream,
    Verdict,
    mail_arrives,
    news_arrives,
    nntp_post,
    nntp_transfer,
    send_mail,
    tcp,
    udp,
)
from tests.lab.enforcement.conftest import Measured
from tests.lab.enforcement.desk import Desk

pytestmark = pytest.mark.root

RATE = 150.0
WINDOW = 0.3
BLOCK25 = BlockPort(
    Selection(customers=("cust1",)),
    (6,),
    (PortRange(25, 25),),
    exceptions=Selection(service_sets=("relay",)),
)
HOST4, HOST6 = CUST1.more4[0], CUST1.more6[0]


@pytest.mark.parametrize(
    "demand, source, sink, cut, spared",
    [
        (
            BlockAddress(ip_network(HOST4)),
            "victim",
            "cust1",
            udp(VICTIM.v4, HOST4, 9),
            udp(VICTIM.v4, CUST1.v4, 9),
        ),
        (
            BlockAddress(ip_network(HOST6)),
            "cust1",
            "victim",
            udp(HOST6, VICTIM.v6, 9),
            udp(CUST1.v6, VICTIM.v6, 9),
        ),
        (
            BLOCK25,
            "cust1",
            "mailsink",
            tcp(CUST1.v6, MAILSINK.v6, 25, flags="A"),
            tcp(CUST1.v6, MAILSINK.v6, 80, flags="A"),
        ),
        (
            BlockAddress(ip_network(THIRD.v4)),
            "third",
            "cust1",
            udp(THIRD.v4, CUST1.v4, 9),
            udp("9.9.9.9", CUST1.v4, 9),
        ),
        (
            CutFeed("cust2"),
            "news",
            "cust2",
            tcp(NEWS.v4, CUST2.v4, 40000, 119, "A"),
            tcp(NEWS.v4, CUST2.v4, 40000, 80, "A"),
        ),
    ],
    ids=["to an address", "from an address v6", "port 25 v6", "third party", "feed"],
)
def test_placing_and_lifting_touch_nothing_else(
    desk: Desk,
    measured: Measured,
    demand: Demand,
    source: str,
    sink: str,
    cut: Probe,
    spared: Probe,
) -> None:
    with (
        Stream(source, sink, cut, rate=RATE) as stream,
        Stream(source, sink, spared, rate=RATE) as other,
    ):
        before = stream.run_for(WINDOW)
        order = desk.place(demand)
        enforced = stream.run_for(WINDOW)
        desk.lift(order)
        lifted = stream.run_for(WINDOW)
    flow = stream.flow()
    assert flow.window(*before).verdict is Verdict.PASSED
    assert flow.window(*enforced).verdict is Verdict.BLOCKED
    assert flow.window(*lifted).verdict is Verdict.PASSED
    assert other.flow().window().verdict is Verdict.PASSED
    effect = flow.blocked_after(monotonic_of(order.created), until=enforced[1])
    measured(f"{order.kind}: stored to last packet let through", effect)


@pytest.mark.parametrize(
    "host, other, peer",
    [(HOST4, CUST1.v4, VICTIM.v4), (HOST6, CUST1.v6, VICTIM.v6)],
    ids=["v4", "v6"],
)
def test_established_connections_are_cut_and_revive(
    desk: Desk, host: str, other: str, peer: str
) -> None:
    with Established("cust1", host, peer) as cut, Established("cust1", other, peer) as kept:
        assert cut.flows()
        order = desk.place(BlockAddress(ip_network(host)))
        assert not cut.flows()
        assert kept.flows()
        desk.lift(order)
        assert cut.flows(timeout=15)
        assert kept.flows()


@pytest.mark.parametrize(
    "sink, relay", [(MAILSINK.v4, RELAY.v4), (MAILSINK.v6, RELAY.v6)], ids=["v4", "v6"]
)
def test_mail_goes_by_the_relay_alone(desk: Desk, sink: str, relay: str) -> None:
    direct = send_mail("cust1", sink)
    assert direct.accepted and mail_arrives("mailsink", direct)
    order = desk.place(BLOCK25)
    assert not send_mail("cust1", sink, timeout=1.0).accepted
    relayed = send_mail("cust1", relay)
    assert relayed.accepted, relayed.reply
    assert mail_arrives("mailsink", relayed)
    received = send_mail("third", CUST1.v4)
    assert received.accepted, "mail to the customer's own server is not the order's business"
    desk.lift(order)
    again = send_mail("cust1", sink)
    assert again.accepted, again.reply


@pytest.mark.parametrize("source, sink", [("cust2", "news"), ("news", "cust2")])
def test_a_feed_is_cut_and_resumes_with_what_was_held_back(
    desk: Desk, source: str, sink: str
) -> None:
    fed = nntp_transfer(source, sink)
    assert fed.done, fed.reply
    order = desk.by_command("cut-feed", "cust2", "--open-ended")
    posted = nntp_post(source, "127.0.0.1")
    assert posted.done, posted.reply
    assert not news_arrives(sink, posted.message_id, timeout=3.0).done
    desk.lift(order["id"])
    resumed = news_arrives(sink, posted.message_id, timeout=30.0)
    assert resumed.done, resumed.reply


def test_an_order_ends_on_time_and_not_before(desk: Desk, measured: Measured) -> None:
    with Stream("cust1", "victim", udp(HOST4, VICTIM.v4, 9), rate=RATE) as stream:
        order = desk.place(BlockAddress(ip_network(HOST4)), lasting=timedelta(seconds=3))
        enforced = time.monotonic()
        assert order.end is not None
        end = monotonic_of(order.end)
        stream.await_last(arrives=True, timeout=30)
    flow = stream.flow()
    assert flow.window(enforced, end - 0.05).verdict is Verdict.BLOCKED
    measured("the end to the first packet that passes", flow.passes_after(end))
    assert desk.await_gone(order.id).status == "expired"


def test_an_order_begins_on_time_and_not_before(desk: Desk, measured: Measured) -> None:
    demand = BlockAddress(ip_network(HOST6))
    with Stream("cust1", "victim", udp(HOST6, VICTIM.v6, 9), rate=RATE) as stream:
        order = desk.place(demand, after=timedelta(seconds=2), settled=False)
        assert order.status == "scheduled"
        start = monotonic_of(order.start)
        stream.await_last(arrives=False, timeout=30)
        enforced = stream.run_for(WINDOW)
    flow = stream.flow()
    assert flow.window(end=start - 0.05).verdict is Verdict.PASSED
    assert flow.window(*enforced).verdict is Verdict.BLOCKED
    measured("the start to the last packet let through", flow.blocked_after(start))


def test_an_order_that_is_shortened_or_extended_ends_then(desk: Desk) -> None:
    host = ip_network(HOST4)
    short = desk.place(BlockAddress(host), lasting=timedelta(seconds=4))
    long = desk.place(BlockAddress(ip_network(HOST6)), lasting=timedelta(hours=1))
    extended = desk.installation.ask("order", "extend", short.id, "--for", "1h", "--wait", "30s")
    shortened = desk.installation.ask("order", "shorten", long.id, "--for", "2s")
    assert shortened["end"] < extended["end"]
    assert desk.await_gone(long.id).status == "expired"
    with Stream("cust1", "victim", udp(HOST6, VICTIM.v6, 9), rate=RATE) as freed:
        assert short.end is not None
        with Stream("cust1", "victim", udp(HOST4, VICTIM.v4, 9), rate=RATE) as still:
            freed.await_last(arrives=True)
            still.run_for(max(WINDOW, monotonic_of(short.end) + WINDOW - time.monotonic()))
    assert still.flow().window().verdict is Verdict.BLOCKED
