# SPDX-License-Identifier: GPL-2.0-or-later
"""No blackhole leaves the network: what is not proved is not announced, what leaks is withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from drivers.gobgp.driver import GobgpDriver
from enforcer.core.rules import Desired
from enforcer.core.topology import Witness
from enforcer.driver_api import Driver
from enforcer.errors import CommandRejected, DeviceError
from tests.contract.worlds import converge, drift_of, read, write
from tests.integration.rtbh_lab import OWNER, SPEAKER, NoSecrets, RtbhLab, rtbh_lab, until
from tests.integration.rtbh_orders import wanting

pytestmark = pytest.mark.root

VICTIM = "203.0.113.10"
NOTHING = Desired(SPEAKER)
CANARY = "203.0.113.250/32"


@pytest.fixture(scope="module")
def lab() -> Iterator[RtbhLab]:
    with rtbh_lab() as made:
        yield made


@pytest.fixture(autouse=True)
def clean(lab: RtbhLab) -> Iterator[None]:
    """Every test ends with nothing announced."""
    yield
    converge(lab.driver(), NOTHING)
    until(lambda: not lab.kernel(4) and not lab.kernel(6), "blackholes gone")


@contextmanager
def configured(lab: RtbhLab, text: str, back: str) -> Iterator[None]:
    """The edge with other lines for a while."""
    lab.configure(text)
    try:
        yield
    finally:
        lab.configure(back)


def nothing_of_ours(lab: RtbhLab) -> bool:
    return "4204542022" not in lab.gobgp("global rib") + lab.gobgp("global rib -a ipv6")


STRIPPED = "route-map RTBH-IN permit 10\n set community 65535:666\nexit\n"
KEPT = "route-map RTBH-IN permit 10\n no set community\nexit\n"
OPEN = "route-map UPB-OUT permit 5\nexit\n"
CLOSED = "no route-map UPB-OUT permit 5\n"


def test_without_a_deny_where_no_export_is_lost_nothing_is_announced(lab: RtbhLab) -> None:
    """The edge overwrites the communities, and sends upb everything."""
    driver = lab.driver()
    with (
        configured(lab, STRIPPED + OPEN, KEPT + CLOSED),
        pytest.raises(CommandRejected, match=r"edge to upb 10\.0\.2\.2 \(AS 65200\)"),
    ):
        converge(driver, wanting(VICTIM))
    assert nothing_of_ours(lab), "the canary too"
    until(lambda: not lab.kernel())
    # Corrected, the same driver proves it and goes on.
    converge(driver, wanting(VICTIM))
    until(lambda: lab.kernel() == {VICTIM})


def test_an_export_that_another_upstream_would_hear_is_refused(lab: RtbhLab) -> None:
    with (
        configured(lab, OPEN, CLOSED),
        pytest.raises(CommandRejected, match=r"edge to upb 10\.0\.2\.2"),
    ):
        converge(lab.driver(), wanting(VICTIM, exports=("upa",)))
    assert nothing_of_ours(lab)
    until(lambda: CANARY not in lab.rib("upb"))


def test_an_export_that_does_not_arrive_is_refused(lab: RtbhLab) -> None:
    """The order would claim what is not so."""
    shut = "route-map UPA-OUT deny 4\n match community RTBH\nexit\n"
    with (
        configured(lab, shut, "no route-map UPA-OUT deny 4\n"),
        pytest.raises(CommandRejected, match="did not reach upa"),
    ):
        converge(lab.driver(), wanting(VICTIM, exports=("upa",)))
    assert nothing_of_ours(lab)


def test_a_leak_that_begins_later_withdraws_everything(lab: RtbhLab) -> None:
    """And announces nothing again before it is proved anew."""
    driver, wanted = lab.driver(), wanting(VICTIM, "203.0.113.11")
    converge(driver, wanted)
    with configured(lab, STRIPPED + OPEN, KEPT + CLOSED):
        until(lambda: f"{VICTIM}/32" in lab.rib("upb"))
        found = [f.what for f in drift_of(driver, wanted).findings]
        assert f"advertised outside: {VICTIM}/32 by edge to upb 10.0.2.2 (AS 65200)" in found
        with driver.connect() as session:
            write(driver, session, wanted)
        assert nothing_of_ours(lab)
        until(lambda: f"{VICTIM}/32" not in lab.rib("upb"))
        with pytest.raises(CommandRejected, match="edge to upb"):
            converge(driver, wanted)
        assert nothing_of_ours(lab)
    converge(driver, wanted)
    until(lambda: lab.kernel() == {VICTIM, "203.0.113.11"})


def test_an_edge_that_takes_nothing_is_no_proof(lab: RtbhLab) -> None:
    with (
        configured(lab, "route-map RTBH-IN deny 5\nexit\n", "no route-map RTBH-IN deny 5\n"),
        pytest.raises(CommandRejected, match="edge did not take the canary"),
    ):
        converge(lab.driver(), wanting(VICTIM))
    assert nothing_of_ours(lab)


def test_a_witness_that_cannot_be_asked_is_no_proof(lab: RtbhLab) -> None:
    with pytest.raises(CommandRejected, match="router cannot be asked: gone"):
        converge(_watched_by(lab, Witness("gone", "frr", {"netns": "nowhere"})), wanting(VICTIM))
    assert nothing_of_ours(lab)


def test_without_a_witness_or_a_canary_it_can_hold_nothing(lab: RtbhLab) -> None:
    found = lab.device().blackholing
    assert found is not None
    for changed, why in (
        (replace(found, witnesses=()), "no witness"),
        (replace(found, canaries={}), "no family with both"),
        (None, "no `rtbh` section"),
    ):
        device = replace(lab.device(), blackholing=changed)
        capability = GobgpDriver(device, OWNER, NoSecrets()).capability
        assert why in capability.unusable and not capability.keys


def test_a_speaker_that_talks_to_another_network_is_refused(lab: RtbhLab) -> None:
    """GoBGP itself does not heed NO_EXPORT."""
    lab.gobgp("neighbor add 10.0.9.77 as 65999")
    try:
        with pytest.raises(CommandRejected, match=r"10\.0\.9\.77 \(AS 65999\)"):
            converge(lab.driver(), wanting(VICTIM))
        assert nothing_of_ours(lab)
    finally:
        lab.gobgp("neighbor del 10.0.9.77")


def test_a_canary_that_a_dead_controller_left_is_taken_away(lab: RtbhLab) -> None:
    lab.gobgp(
        f"global rib add {CANARY} identifier 4542022 nexthop 192.0.2.254"
        " community 65535:666 large-community 4204542022:2518580736:0"
    )
    driver = lab.driver()
    assert drift_of(driver, NOTHING).tally.extra == 1
    converge(driver, NOTHING)
    assert nothing_of_ours(lab)
    assert not read(driver).addresses


# -- one prefix that a policy treats otherwise ---------------------------------------------------

OTHERWISE = """
ip prefix-list CUST permit 203.0.113.0/28 le 32
route-map UPB-OUT permit 5
 match ip address prefix-list CUST
exit
"""
BLOCK = f"ENF-LEAKED-{VICTIM}/32"


def test_what_leaks_although_the_canary_does_not_is_announced_once(lab: RtbhLab) -> None:
    """And not again at each pass: a person says when."""
    driver = lab.driver()
    wanted = wanting(VICTIM, "203.0.113.77", exports=("upa",))
    with configured(lab, OTHERWISE, CLOSED):
        with pytest.raises(CommandRejected, match=rf"{VICTIM}/32 was advertised by edge to upb"):
            converge(driver, wanted)
        until(lambda: f"{VICTIM}/32" not in lab.rib("upb"))
        # Another controller's process too keeps it withdrawn, and announces all else.
        for one in (driver, lab.driver()):
            with pytest.raises(DeviceError, match=f"leaked {VICTIM}/32"):
                converge(one, wanted)
            until(lambda: lab.kernel() == {"203.0.113.77"})
            assert VICTIM not in lab.gobgp("global rib")
        until(lambda: not any(VICTIM in p for p in lab.rib("upb") | lab.rib("upa")))
    lab.gobgp(f"policy community del {BLOCK}")
    converge(driver, wanted)
    until(lambda: lab.kernel() == {VICTIM, "203.0.113.77"})


def test_what_leaked_is_forgotten_when_no_order_wants_it(lab: RtbhLab) -> None:
    driver = lab.driver()
    with configured(lab, OTHERWISE, CLOSED), pytest.raises(CommandRejected, match="stays so"):
        converge(driver, wanting(VICTIM, exports=("upa",)))
    assert BLOCK in lab.gobgp("policy community")
    converge(driver, NOTHING)
    assert BLOCK not in lab.gobgp("policy community")
    converge(driver, wanting(VICTIM, exports=("upa",)))
    until(lambda: lab.kernel() == {VICTIM})


# -- what discards nothing -----------------------------------------------------------------------

LINK = "no ip route 192.0.2.254/32 blackhole\nip route 192.0.2.254/32 10.0.3.2\n"
DISCARD = "no ip route 192.0.2.254/32 10.0.3.2\nip route 192.0.2.254/32 blackhole\n"


def test_a_next_hop_that_is_forwarded_to_is_refused(lab: RtbhLab) -> None:
    with (
        configured(lab, LINK, DISCARD),
        pytest.raises(CommandRejected, match=r"edge took the canary .* does not discard"),
    ):
        converge(lab.driver(), wanting(VICTIM))
    assert nothing_of_ours(lab)


def test_a_blackhole_that_becomes_none_is_drift(lab: RtbhLab) -> None:
    driver, wanted = lab.driver(), wanting(VICTIM)
    converge(driver, wanted)
    with configured(lab, LINK, DISCARD):
        until(lambda: lab.answers("upa", VICTIM, 1) == 1)
        assert [f.what for f in drift_of(driver, wanted).findings] == [f"{VICTIM}/32 at edge"]
    until(lambda: lab.kernel() == {VICTIM})
    assert not drift_of(driver, wanted)


# -- what is lifted goes, whatever else cannot -----------------------------------------------------


def test_a_witness_that_died_keeps_nothing_up_that_was_lifted(lab: RtbhLab) -> None:
    converge(lab.driver(), wanting(VICTIM))
    blind = _watched_by(lab, lab.witness(), Witness("gone", "frr", {"netns": "nowhere"}))
    with pytest.raises(CommandRejected, match="router cannot be asked: gone"):
        converge(blind, wanting("203.0.113.11"))
    until(lambda: not lab.kernel())
    assert VICTIM not in lab.gobgp("global rib")


def test_an_export_that_cannot_be_proved_keeps_nothing_up_that_was_lifted(lab: RtbhLab) -> None:
    driver = lab.driver()
    converge(driver, wanting(VICTIM))
    with (
        configured(lab, OPEN, CLOSED),
        pytest.raises(CommandRejected, match=r"edge to upb 10\.0\.2\.2"),
    ):
        converge(driver, wanting(("203.0.113.11", ("upa",))))
    until(lambda: not lab.kernel())


# -- a router that nobody asks ---------------------------------------------------------------------

EDGE2 = """
router id 10.0.8.1;
protocol device { }
protocol bgp speaker {
    local 10.0.8.1 as 65000; neighbor 10.0.8.2 as 65000;
    connect delay time 1; connect retry time 1; error wait time 1, 2;
    ipv4 { import all; export none; };
}
"""


@contextmanager
def second_edge(lab: RtbhLab) -> Iterator[None]:
    """A second neighbor of the speaker for a while."""
    lab.add("edge2")
    lab.link("edge2", "speaker", "10.0.8", "2001:db8:8")
    lab.start_bird("edge2", EDGE2)
    lab.gobgp("neighbor add 10.0.8.1 as 65000")
    try:
        until(lambda: lab.gobgp("neighbor").count("Establ") == 2)
        yield
    finally:
        lab.gobgp("neighbor del 10.0.8.1")


def test_a_neighbor_of_the_speaker_that_nobody_asks_is_sent_nothing(lab: RtbhLab) -> None:
    found = lab.device().blackholing
    assert found is not None
    driver, wanted = lab.driver(), wanting(VICTIM)
    converge(driver, wanted)
    with second_edge(lab):
        # It has been sent the blackhole already, by the speaker itself.
        words = [f.what for f in drift_of(driver, wanted).findings]
        assert "advertised outside: all by the speaker to 10.0.8.1 (AS 65000)" in words
        with driver.connect() as session:
            write(driver, session, wanted)
        assert nothing_of_ours(lab)
        with pytest.raises(CommandRejected, match=r"neighbor 10\.0\.8\.1 is no address of a"):
            converge(driver, wanted)
        assert nothing_of_ours(lab)
        # A person says that it talks to nobody outside; or it is a witness.
        converge(lab.driver(blackholing=replace(found, trusted=("10.0.8.1",))), wanted)
        other = Witness("edge2", "bird", {"netns": lab.node("edge2"), **_control(lab)})
        converge(_watched_by(lab, lab.witness(), other), wanting(VICTIM, "203.0.113.11"))


def _control(lab: RtbhLab) -> dict[str, str]:
    return {"socket": str(lab.socket("edge2"))}


def _watched_by(lab: RtbhLab, *witnesses: Witness) -> Driver:
    blackholing = lab.device().blackholing
    assert blackholing is not None
    return lab.driver(blackholing=replace(blackholing, witnesses=witnesses))
