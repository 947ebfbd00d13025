# SPDX-License-Identifier: GPL-2.0-or-later
"""What a running configuration says, in all the ways in which releases say it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drivers.cisco_ios.answers import clock_ahead, established, has_archive
from drivers.cisco_ios.options import Options
from drivers.cisco_ios.parse import needs_numbers, parse
from drivers.cisco_ios.words import interface_name, normalised
from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid, ParseFailed

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        (
            "deny   udp any host 192.0.2.1 eq snmp (12 matches)",
            "deny udp any host 192.0.2.1 eq 161",
        ),
        ("deny   tcp any any eq smtp", "deny tcp any any eq 25"),
        ("deny   tcp any range ftp-data ftp any", "deny tcp any range 20 21 any"),
        ("deny   gre any any", "deny 47 any any"),
        ("deny   6 any any eq 25", "deny tcp any any eq 25"),
        ("permit ip any any log time-range X (active)", "permit ip any any log time-range X"),
    ],
)
def test_an_entry_is_the_same_however_it_is_printed(shown: str, meant: str) -> None:
    assert normalised(shown, 4) == meant


def test_ipv6_addresses_have_one_spelling() -> None:
    assert normalised("deny ipv6 2001:DB8::/32 host 2001:0DB8::1", 6) == (
        "deny ipv6 2001:db8::/32 host 2001:db8::1"
    )


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("gi0/1", "GigabitEthernet0/1"),
        ("Te0/0/1.100", "TenGigabitEthernet0/0/1.100"),
        ("Port-channel1", "Port-channel1"),
        ("twe1/0/1", "TwentyFiveGigE1/0/1"),
        ("vlan 10", "Vlan10"),
        ("eth1", "Ethernet1"),
        ("anything else", "anything else"),
    ],
)
def test_interfaces_have_one_name(typed: str, name: str) -> None:
    assert interface_name(typed) == name


BANNER = """hostname edge1
banner motd ^C
ip access-list extended ENF-V4
 10 permit ip any any
object-group network ENFORCER-HOLD
^C
end
"""


def test_a_banner_is_no_configuration() -> None:
    box = parse("edge1", BANNER)
    assert not box.acls and not box.hold


def test_a_configuration_without_its_end_was_cut() -> None:
    with pytest.raises(ParseFailed, match="does not end"):
        parse("edge1", BANNER.removesuffix("end\n"))


OLD = """access-list 101 remark what he may not do
access-list 101 deny   udp any any eq snmp
access-list 101 permit ip any any
ip access-list extended NAMED
 remark first
 deny   tcp any any eq smtp
 permit ip any any
end
"""
NUMBERS = """Extended IP access list 101
    10 deny udp any any eq snmp (7 matches)
    20 permit ip any any
Extended IP access list NAMED
    10 deny tcp any any eq smtp
    30 permit ip any any
"""


def test_numbers_come_from_another_command_where_they_must() -> None:
    assert needs_numbers(OLD)
    box = parse("edge1", OLD, NUMBERS)
    assert [line.number for line in box.acls[4, "101"].lines] == [10, 20]
    (first, last) = box.acls[4, "NAMED"].lines
    assert (first.number, first.remarks, last.number) == (10, ("first",), 30)
    assert not box.acls[4, "NAMED"].numbered


def test_a_list_that_changed_between_two_commands_is_refused() -> None:
    with pytest.raises(ParseFailed, match="NAMED"):
        parse("edge1", OLD, NUMBERS.replace("30 permit ip any any", "30 permit tcp any any"))


@pytest.mark.parametrize("line", [" host 10.0.0.", " range 10.0.0.1", " 10.0.0.0", " hos"])
def test_an_object_of_ours_is_understood_or_refused(line: str) -> None:
    with pytest.raises(ParseFailed):
        parse("edge1", f"object-group network ENF-0123456789ab-M0\n{line}\nend\n")


def test_a_summary_with_broken_lines_tells_who_is_up() -> None:
    text = """BGP router identifier 10.0.0.1, local AS number 64500
Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd
2001:DB8:1234:5678::1
                4        64501      10      10        1    0    0 01:02:03        7
2001:DB8::2     4        64502       0       0        1    0    0 never    Idle
"""
    assert established("edge1", text) == {"2001:db8:1234:5678::1"}
    assert established("edge1", "% BGP not active") == frozenset()
    with pytest.raises(ParseFailed):
        established("edge1", "% Invalid input detected at '^' marker.")
    with pytest.raises(ParseFailed):
        established("edge1", text.replace(" 01:02:03        7", ""))


def test_the_clock_is_compared_in_its_zone() -> None:
    assert clock_ahead("edge1", "*12:00:07.123 UTC Sat Nov 21 2026", 0, NOW) == 7
    assert clock_ahead("edge1", "13:00:00.000 CET Sat Nov 21 2026", 60, NOW) == 0
    for text in ("", "12:00 UTC", "25:00:00.000 UTC Sat Nov 21 2026", "% Invalid input"):
        with pytest.raises(ParseFailed):
            clock_ahead("edge1", text, 0, NOW)


def test_an_unknown_word_about_the_archive_is_refused() -> None:
    assert not has_archive("edge1", " Archive feature not enabled")
    assert not has_archive("edge1", "% Invalid input detected at '^' marker.")
    with pytest.raises(ParseFailed):
        has_archive("edge1", "something new")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"confrim": "60"}, "did you mean confirm"),
        ({"confirm": "30"}, "60 to 7200"),
        ({"confirm": "180", "hold_time": "180"}, "give confirm"),
        ({"save": "sometimes"}, "each or nightly or never"),
        ({"time_range": "maybe"}, "yes or no"),
        ({"tag": "0"}, "1 to"),
    ],
)
def test_options_are_refused_with_what_may_stand_there(given: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        Options.of(Device("edge1", "cisco_ios", options=given))


def test_the_timer_is_rounded_up_to_minutes() -> None:
    given = {"confirm": "241", "hold_time": "0", "pace": "fast"}
    assert Options.of(Device("edge1", "cisco_ios", options=given)).minutes == 5
