# SPDX-License-Identifier: GPL-2.0-or-later
"""What birdc answers, as recorded from BIRD 2.0.12; anything else is refused."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.bird.answers import (
    Reply,
    conversation,
    count,
    keeps_filtered,
    protocols,
    replies,
    routes,
    status,
)
from drivers.bird.control import symbol, waiting
from enforcer.errors import DeviceBusy, DeviceError, ParseFailed

READY = "0001 BIRD 2.0.12 ready.\n"
STATUS = """\
1000-BIRD 2.0.12
1011-Router ID is 10.9.0.1
     Hostname is edge
     Current server time is 2026-11-22 04:01:42.257
     Last reboot on 2026-11-22 03:59:51.077
     Last reconfiguration on 2026-11-22 04:01:43.299
0013 Daemon is up and running
"""
ROUTES = """\
1007-Table master4:
     192.0.2.0/24         unicast [customer 04:01:47.074] * (100) [AS65001i]
     \tvia 10.9.0.2 on v1
1008-\tType: BGP univ
1012-\tBGP.origin: IGP
     \tBGP.as_path: 65001 {64777 64778}
     \tBGP.next_hop: 10.9.0.2
1007-                     blackhole [static1 04:01:47.074] (200)
1007-
     Table master6:
     2001:db9::/32        unicast [customer 04:01:47.119 from 10.9.0.2] * (100) [AS65001i]
     \tvia 2001:db8:9::2 on v1
1012-\tBGP.as_path: 65001
"""
PROTOCOL = """\
2002-Name       Proto      Table      State  Since         Info
1002-customer   BGP        ---        {state}   03:59:51.914  {info}
1006-{message}  BGP state:          {bgp}
         Neighbor address: 10.9.0.2
         Neighbor AS:      65001
       Channel ipv4
         State:          UP
         Routes:         1 imported, 3 filtered, 0 exported, 1 preferred
       Channel ipv6
         State:          UP
         Routes:         1 imported, 0 exported, 1 preferred
"""


def reply(text: str) -> Reply:
    (found,) = replies("edge1", (READY + text).encode())
    return found


def test_times_of_the_status() -> None:
    found = status("edge1", reply(STATUS))
    assert (found.version, found.configured) == ("2.0.12", "2026-11-22 04:01:43.299")
    with pytest.raises(ParseFailed, match="Last reboot"):
        status("edge1", reply(STATUS.replace("Last reboot on", "Started at")))


def test_routes_have_their_paths() -> None:
    found = routes("edge1", reply(ROUTES))
    assert [(n, str(r.prefix), r.path) for n, r in found] == [
        ("customer", "192.0.2.0/24", (65001, 64777, 64778)),
        ("static1", "192.0.2.0/24", ()),
        ("customer", "2001:db9::/32", (65001,)),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("192.0.2.0/24  ", "192.0.2.256/24"),
        ("65001 {64777", "65001 ?{64777"),
        ("unicast [customer", "unicast customer"),
    ],
)
def test_routes_that_are_not_understood_are_refused(old: str, new: str) -> None:
    with pytest.raises(ParseFailed):
        routes("edge1", reply(ROUTES.replace(old, new, 1)))


def test_sessions_up_down_and_with_a_message() -> None:
    up = PROTOCOL.format(state="up  ", info="Established", message="", bgp="Established")
    (one,) = protocols("edge1", reply(up)).bgp
    assert one.established and not one.down and one.families == (4, 6)
    assert keeps_filtered(one, 4) and not keeps_filtered(one, 6)
    said = "  Message:        enforcer: shut down by order 0007-J\n       "
    down = PROTOCOL.format(state="down", info="", message=said, bgp="Down")
    found = protocols("edge1", reply(down))
    assert found.bgp[0].down and found.bgp[0].message == "enforcer: shut down by order 0007-J"
    assert dict(found.down) == {"customer": "enforcer: shut down by order 0007-J"}
    with pytest.raises(ParseFailed, match="too little"):
        protocols("edge1", reply(down.replace("Neighbor address", "Peer")))
    with pytest.raises(ParseFailed, match="heading"):
        protocols("edge1", reply("0000 \n"))


def test_a_sum_over_tables_is_the_last_line() -> None:
    two = """\
1007-3 of 3 routes for 3 networks in table master4
     1 of 2 routes for 2 networks in table master6
0014 Total: 4 of 5 routes for 5 networks in 2 tables
"""
    assert count("edge1", reply(two)) == 4
    assert count("edge1", reply("0014 7 of 9 routes for 9 networks in table master4\n")) == 7
    with pytest.raises(ParseFailed):
        count("edge1", reply("0014 many\n"))


def test_what_waits_and_what_is_not_known() -> None:
    up = "0003-Daemon is up and running\n"
    pending = f"{up}0022-Configuration unconfirmed, undo in 5.986 s\n"
    assert waiting("edge1", reply(up)) == ""
    assert waiting("edge1", reply(pending)) == "Configuration unconfirmed, undo in 5.986 s"
    with pytest.raises(DeviceBusy):
        waiting("edge1", reply("0004-Reconfiguration in progress\n"))
    with pytest.raises(ParseFailed):
        waiting("edge1", reply("0023 2\n"))
    undefined = reply("9001 syntax error, unexpected CF_SYM_UNDEFINED\n")
    assert undefined.refusal and symbol("edge1", "ENF_STATE", undefined) is None
    assert symbol("edge1", "ENF_STATE", reply("0023 0123456789abcdef\n")) == "0123456789abcdef"
    with pytest.raises(ParseFailed):
        symbol("edge1", "ENF_STATE", reply("9001 something else\n"))


@pytest.mark.parametrize("redrawn", ["", "bird> \r\x1b[K", "bird> \r      \r"])
def test_one_client_for_several_commands(redrawn: str) -> None:
    """As birdcl writes it, and birdc, which draws its prompt anew."""
    said = [f"bird> eval A\n{redrawn}0023 1\n", f"bird> show status\n{redrawn}{STATUS}bird> "]
    first, second = conversation(
        "edge1", (READY + "".join(said)).encode(), ["eval A", "show status"]
    )
    assert first.text() == "1" and status("edge1", second).version == "2.0.12"
    with pytest.raises(ParseFailed):
        conversation("edge1", (READY + said[0]).encode(), ["eval A", "show status"])
    with pytest.raises(ParseFailed):
        conversation("edge1", b"no such thing\n", ["eval A"])


RECORDED = (Path(__file__).parent / "usual" / "protocols.txt").read_bytes()


@given(st.integers(0, len(RECORDED) - 1), st.binary(max_size=3))
def test_damage_is_refused_or_harmless(at: int, put: bytes) -> None:
    """Nothing but our own errors comes out, and no session is invented."""
    try:
        (found,) = conversation(
            "edge1", RECORDED[:at] + put + RECORDED[at + 1 :], ["show protocols all"]
        )
        some = protocols("edge1", found)
    except DeviceError:
        return
    assert len(some.bgp) <= 3


@given(st.integers(0, len(ROUTES) - 1), st.text(max_size=2))
def test_damaged_routes_are_refused_or_routes(at: int, put: str) -> None:
    try:
        found = routes("edge1", reply(ROUTES[:at] + put + ROUTES[at + 1 :]))
    except DeviceError:
        return
    assert all(r.prefix == ip_network(str(r.prefix)) for _, r in found)
