# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools of these tests can say no: without a rule that drops, nothing is judged blocked."""

import re
import time
from collections.abc import Callable
from ipaddress import ip_network

import pytest

from enforcer.core.orders import BlockAddress, SuspendCustomer
from lab.demo_traffic import Way, starts, stops
from lab.isp import CUST1, CUST2, MAILSINK, VICTIM
from lab.probes import Established, Stream, Verdict, nntp_transfer, send_mail, tcp_open, udp
from lab.shell import run
from tests.lab.conftest import LabView
from tests.lab.enforcement.crossings import Crossing, crossing, passed, stopped
from tests.lab.enforcement.desk import Desk
from tests.lab.enforcement.kinds import ESSENTIALS, everything

pytestmark = pytest.mark.root

HOST = CUST1.more4[0]


def accept_instead(lab: LabView) -> None:
    """Every rule of ours that drops accepts now; sets and elements stay as they are."""
    listed = lab.nft("edge1", "list table inet enforcer")
    weakened, count = re.subn(r"\bdrop\b", "accept", listed)
    assert count
    text = f"delete table inet enforcer\n{weakened}"
    run(["nsenter", f"--net={lab.netns('edge1')}", "nft", "-f", "-"], text=text)


def empty(lab: LabView) -> None:
    lab.nft("edge1", "flush table inet enforcer")


def concerned() -> tuple[Crossing, ...]:
    return (
        crossing("cust1", "victim", *everything(HOST, VICTIM.v4)),
        crossing("victim", "cust1", *everything(VICTIM.v4, HOST)),
        crossing("cust2", "victim", *everything(CUST2.v6, VICTIM.v6)),
    )


@pytest.mark.parametrize("weaken", [accept_instead, empty], ids=lambda one: one.__name__)
def test_what_no_rule_drops_is_judged_to_pass(
    desk: Desk, lab: LabView, weaken: Callable[[LabView], None]
) -> None:
    desk.place(BlockAddress(ip_network(HOST)))
    desk.place(SuspendCustomer("cust2", ESSENTIALS, by="interface"))
    assert passed(*concerned()) == []
    with desk.controller.absent():
        weaken(lab)
        assert stopped(*concerned()) == []
        with pytest.raises(AssertionError):
            assert passed(*concerned()) == []
        with (
            Stream("cust1", "victim", udp(HOST, VICTIM.v4, 9)) as stream,
            Established("cust1", HOST, VICTIM.v4) as connection,
        ):
            window = stream.run_for(0.3)
            assert connection.flows()
        assert stream.flow().window(*window).verdict is Verdict.PASSED
        assert tcp_open("cust2", CUST2.v4, VICTIM.v4, 80)
        assert send_mail("cust1", MAILSINK.v4, src=HOST).accepted
        fed = nntp_transfer("cust2", "news")
        assert fed.done, fed.reply
    desk.full_pass("edge1")
    assert passed(*concerned()) == []


def test_the_demonstration_says_so_when_nothing_is_stopped(desk: Desk) -> None:
    """Its judgement of a flow that no order is about, and of a spared flow that is cut."""
    passing = Way("cust1", "victim", udp(CUST1.v4, VICTIM.v4, 9))
    cut = Way("cust1", "victim", udp(HOST, VICTIM.v4, 9))

    def act() -> list[float]:
        desk.place(BlockAddress(ip_network(HOST)))
        return [time.monotonic()]

    [seen] = stops([[passing]], [cut], act)
    assert not seen.stopped
    assert seen.effect is None
    assert seen.lost > 0
    restored, _ = starts([passing], [], time.monotonic)
    assert not restored.stopped, "it was never blocked"
