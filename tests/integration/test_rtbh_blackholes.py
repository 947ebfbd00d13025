# SPDX-License-Identifier: GPL-2.0-or-later
"""Blackholes in earnest: real gobgpd, FRR and BIRD, real packets; nothing leaves the network."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.gobgp.options import Options
from drivers.gobgp.speaker import Speaker
from enforcer.core.rules import Desired
from enforcer.driver_api import DeviceEvent, EventKind
from enforcer.errors import DeviceUnreachable
from tests.contract.worlds import converge, drift_of, read
from tests.integration.rtbh_lab import (
    ATTACKERS,
    SPEAKER,
    RtbhLab,
    rtbh_lab,
    until,
)
from tests.integration.rtbh_orders import wanting

pytestmark = pytest.mark.root

VICTIM, VICTIM6 = "203.0.113.10", "2001:db8:100::10"
NOTHING = Desired(SPEAKER)
URPF6 = """
table ip6 urpf {
  chain early {
    type filter hook prerouting priority raw; policy accept;
    fib saddr type blackhole counter drop
  }
}
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[RtbhLab]:
    with rtbh_lab() as made:
        yield made


@pytest.fixture(autouse=True)
def clean(lab: RtbhLab) -> Iterator[None]:
    """Every test ends with nothing announced."""
    yield
    converge(lab.driver(proved=True), NOTHING)
    until(lambda: not lab.kernel(4) and not lab.kernel(6), "blackholes gone")


@pytest.mark.parametrize(("address", "family"), [(VICTIM, 4), (VICTIM6, 6)])
def test_a_victim_is_cut_off_and_reached_again(lab: RtbhLab, address: str, family: int) -> None:
    neighbor = VICTIM.replace("10", "11") if family == 4 else VICTIM6.replace("::10", "::11")
    driver = lab.driver(proved=True)
    assert lab.answers("upa", address) == 3
    converge(driver, wanting(address))
    until(lambda: lab.kernel(family) == {address})
    assert lab.answers("upa", address) == 0
    assert lab.answers("upa", neighbor) == 3
    assert not any(address in p for upstream in ("upa", "upb") for p in lab.rib(upstream))
    converge(driver, NOTHING)
    until(lambda: not lab.kernel(family))
    assert lab.answers("upa", address) == 3


def test_an_export_reaches_the_upstream_that_is_named_alone(lab: RtbhLab) -> None:
    driver = lab.driver(proved=True)
    converge(driver, wanting(VICTIM, exports=("upa",)))
    until(lambda: f"{VICTIM}/32" in lab.rib("upa"))
    assert f"{VICTIM}/32" not in lab.rib("upb")
    # A second order for the same address, without export, takes nothing from the first.
    converge(driver, wanting(VICTIM, (VICTIM, ("upa",))))
    assert f"{VICTIM}/32" in lab.rib("upa")
    converge(driver, wanting(VICTIM))
    until(lambda: f"{VICTIM}/32" not in lab.rib("upa"))
    until(lambda: lab.kernel() == {VICTIM})


def test_a_source_is_cut_off_where_loose_urpf_is_on(lab: RtbhLab) -> None:
    """RFC 5635 section 4: the route to the attacker is a discard route."""
    attacker = f"{ATTACKERS['upb']}.66"
    assert lab.answers("upb", VICTIM, origin=attacker) == 3
    lab.inside("edge", "sysctl", "-qw", "net.ipv4.conf.to-upb.rp_filter=2")
    try:
        assert lab.answers("upb", VICTIM, origin=attacker) == 3, "loose: it has a route"
        converge(lab.driver(proved=True), wanting(attacker))
        until(lambda: lab.kernel() == {attacker})
        before = _reverse_path_drops(lab)
        assert lab.answers("upb", VICTIM, origin=attacker) == 0
        assert _reverse_path_drops(lab) - before >= 3, "before it reached the victim"
        assert lab.answers("upa", VICTIM) == 3
    finally:
        lab.inside("edge", "sysctl", "-qw", "net.ipv4.conf.to-upb.rp_filter=0")


def _reverse_path_drops(lab: RtbhLab) -> int:
    said = lab.inside("edge", "nstat", "-asz", "TcpExtIPReversePathFilter").split()
    return int(said[said.index("TcpExtIPReversePathFilter") + 1])


def test_an_ipv6_source_is_cut_off_by_what_nft_finds_in_the_routes(lab: RtbhLab) -> None:
    """Linux has no rp_filter for IPv6; the fib expression sees that the route back discards."""
    attacker = "2001:db8:662::66"
    lab.inside("edge", "nft", "-f", "-", stdin=URPF6)
    try:
        assert lab.answers("upb", VICTIM6, origin=attacker) == 3
        converge(lab.driver(proved=True), wanting(attacker))
        until(lambda: lab.kernel(6) == {attacker})
        assert lab.answers("upb", VICTIM6, origin=attacker) == 0
        counted = lab.inside("edge", "nft", "list", "table", "ip6", "urpf")
        assert "packets 0" not in counted, counted
    finally:
        lab.inside("edge", "nft", "delete", "table", "ip6", "urpf")


# -- drift -----------------------------------------------------------------------------------


def test_a_path_of_somebody_else_is_untouched(lab: RtbhLab) -> None:
    """Also one for the same address, which stands beside ours."""
    lab.gobgp("global rib add 203.0.113.99/32 nexthop 192.0.2.254 community 65000:9")
    lab.gobgp(f"global rib add {VICTIM}/32 nexthop 192.0.2.253 community 65000:9")
    driver = lab.driver(proved=True)
    try:
        converge(driver, wanting(VICTIM))
        converge(driver, NOTHING)
        left = lab.gobgp("global rib")
        assert "203.0.113.99/32" in left and "192.0.2.253" in left
    finally:
        lab.gobgp("global rib del 203.0.113.99/32")
        lab.gobgp(f"global rib del {VICTIM}/32")


def test_a_speaker_that_was_killed_is_told_everything_again(lab: RtbhLab) -> None:
    driver, wanted = lab.driver(proved=True), wanting(VICTIM, VICTIM6)
    converge(driver, wanted)
    heard: list[DeviceEvent] = []
    with driver.watch() as watch:
        listener = threading.Thread(target=lambda: heard.extend(watch.events()))
        listener.start()
        lab.kill_speaker()
        # Fail-open: the routers forget all of it at once.
        until(lambda: not lab.kernel(4) and not lab.kernel(6))
        assert lab.answers("upa", VICTIM) == 3
        listener.join(20)
    assert heard and heard[-1].kind is EventKind.LOST
    with pytest.raises(DeviceUnreachable, match="blackholes are gone"), driver.connect():
        pass
    lab.start_speaker()
    until(lambda: "Establ" in lab.gobgp("neighbor"))
    drift = drift_of(driver, wanted)
    assert drift.tally.missing == 2 and "owner mark" in [f.what for f in drift.findings]
    converge(driver, wanted)
    until(lambda: lab.kernel(4) == {VICTIM} and lab.kernel(6) == {VICTIM6})
    assert lab.answers("upa", VICTIM) == 0


def test_a_session_that_was_reset_is_found_and_comes_back(lab: RtbhLab) -> None:
    driver, wanted = lab.driver(proved=True), wanting(VICTIM)
    converge(driver, wanted)
    lab.gobgp("neighbor 10.0.9.1 disable")
    until(lambda: not lab.kernel())
    found = [f.what for f in drift_of(driver, wanted).findings]
    assert found == ["session with 10.0.9.1"]
    lab.gobgp("neighbor 10.0.9.1 enable")
    until(lambda: lab.kernel() == {VICTIM})
    assert not drift_of(driver, wanted)


def test_what_a_router_does_not_hold_is_drift(lab: RtbhLab) -> None:
    """Its import policy was changed: the speaker says yes, the router has nothing."""
    driver, wanted = lab.driver(proved=True), wanting(VICTIM)
    converge(driver, wanted)
    # A reading of another process, so that nobody waits for what was written just now.
    other = lab.driver(proved=True)
    lab.configure("route-map RTBH-IN deny 5\nexit\n")
    try:
        until(lambda: not lab.kernel())
        found = [f.what for f in drift_of(other, wanted).findings]
        assert found == [f"{VICTIM}/32 at edge"]
    finally:
        lab.configure("no route-map RTBH-IN deny 5\n")
    until(lambda: lab.kernel() == {VICTIM})
    assert not drift_of(other, wanted)


# -- a speaker that does not answer ----------------------------------------------------------


def test_one_that_never_answers_is_given_up(lab: RtbhLab, tmp_path: Path) -> None:
    silent = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(silent))
        listening.listen()
        device = lab.device(transport={"grpc": f"unix:{silent}"}, options={"seconds": "1"})
        with (
            pytest.raises(DeviceUnreachable, match="did not answer GetBgp in time"),
            Speaker.opened(SPEAKER, Options.of(device)),
        ):
            pass


def test_one_that_is_stopped_in_the_middle_is_unknown_and_read_back(lab: RtbhLab) -> None:
    driver = lab.driver(proved=True, options={"seconds": "1"})
    wanted = wanting(VICTIM)
    converge(driver, wanted)
    lab.stop_speaker()
    try:
        with pytest.raises(DeviceUnreachable, match="what it did is unknown"):
            read(driver)
    finally:
        lab.continue_speaker()
    assert not drift_of(driver, wanted)
