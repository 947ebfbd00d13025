# SPDX-License-Identifier: GPL-2.0-or-later
"""Access lists, object groups, time-ranges and static routes of the emulated IOS router."""

from datetime import timedelta

import pytest

from lab.emulators import faults
from lab.emulators.cisco_ios import Quirks, Router
from tests.unit.emulators.ios_router import CONFIGURATION, configure, router, typed

ACL = "ip access-list extended EDGE-IN"
DUPLICATE = "% Duplicate sequence number\n\n"


@pytest.fixture
def box() -> Router:
    return router()


def entries(box: Router, name: str = "EDGE-IN") -> list[str]:
    """The lines of `show ip access-lists NAME` below its header."""
    return typed(box.other_operator(), f"show ip access-lists {name}")[0].split("\n")[1:]


class TestSequence:
    def test_without_a_number_an_entry_goes_to_the_end(self, box: Router) -> None:
        configure(box.other_operator(), ACL, "deny udp any any")
        assert entries(box)[-1] == "    40 deny   udp any any"

    def test_a_taken_number_is_refused_and_nothing_changes(self, box: Router) -> None:
        answers = configure(box.other_operator(), ACL, "20 deny udp any any")
        assert answers[1] == DUPLICATE
        assert box.running() == CONFIGURATION

    def test_the_same_entry_again_does_nothing(self, box: Router) -> None:
        again = ["20 deny tcp any any eq 25", "deny tcp any any eq smtp", "35 permit ip any any"]
        assert configure(box.other_operator(), ACL, *again)[1:] == ["", "", ""]
        assert box.running() == CONFIGURATION

    def test_numbers_insert_and_remove(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, ACL, "5 deny ip host 192.0.2.5 any", "15 remark ENF-1")
        assert entries(box)[0] == "    5 deny   ip host 192.0.2.5 any"
        configure(shell, ACL, "no 5", "no 15 remark ENF-1")
        assert box.running() == CONFIGURATION

    def test_entries_are_removed_by_their_text_too(self, box: Router) -> None:
        configure(box.other_operator(), ACL, "7 deny udp any any", "no deny udp any any")
        assert box.running() == CONFIGURATION

    def test_removing_what_is_not_there_is_refused(self, box: Router) -> None:
        answers = configure(box.other_operator(), ACL, "no 77", "no deny udp any any")
        assert all(answer.startswith("%") for answer in answers[1:])

    def test_a_remark_shares_the_number_of_the_entry_that_follows(self, box: Router) -> None:
        configure(box.other_operator(), ACL, "remark udp is next", "deny udp any any")
        assert " 40 remark udp is next\n 40 deny   udp any any\n" in box.running()

    @pytest.mark.parametrize(("takes", "left"), [(True, 0), (False, 1)])
    def test_what_a_number_takes_with_it_is_a_quirk(self, takes: bool, left: int) -> None:
        box = router(Quirks(number_takes_remarks=takes))
        configure(box.other_operator(), ACL, "no 10")
        assert box.running().count("remark mail only by the relay") == left

    def test_resequencing_keeps_order_and_remarks(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, ACL, "5 deny udp any any", "exit",
                  "ip access-list resequence EDGE-IN 100 5")  # fmt: skip
        assert [entry.split()[0] for entry in entries(box)] == ["100", "105", "110", "115"]
        assert " 105 remark mail only by the relay\n 105 permit tcp" in box.running()

    def test_old_releases_show_no_numbers_and_renumber_on_reload(self) -> None:
        box = router(Quirks(numbers_shown=False))
        shell = box.other_operator()
        configure(shell, ACL, "15 deny udp any any")
        assert " deny   udp any any\n" in box.running()
        shell.line("write memory")
        box.reboot()
        assert [entry.split()[0] for entry in entries(box)] == ["10", "20", "30", "40"]


class TestShownForm:
    @pytest.mark.parametrize(
        ("line", "shown"),
        [
            ("deny tcp any any eq 25", "deny   tcp any any eq smtp"),
            ("permit tcp any any eq 443", "permit tcp any any eq 443"),
            ("permit udp any eq 161 any eq 53", "permit udp any eq snmp any eq domain"),
            ("permit tcp any range 79 80 any", "permit tcp any range finger www any"),
            ("permit tcp any any eq 22 25 80", "permit tcp any any eq 22 smtp www"),
            ("permit 17 any any", "permit udp any any"),
            ("deny 55 any any", "deny   55 any any"),
            ("deny ip 10.1.2.3 0.0.0.255 any", "deny   ip 10.1.2.0 0.0.0.255 any"),
            ("deny ip 10.1.2.3 0.0.0.0 any", "deny   ip host 10.1.2.3 any"),
            ("deny ip 0.0.0.0 255.255.255.255 any", "deny   ip any any"),
            ("permit icmp any any 8", "permit icmp any any echo"),
            ("permit icmp any any 3 3 log", "permit icmp any any port-unreachable log"),
            ("permit tcp any any established", "permit tcp any any established"),
            ("permit udp any any fragments", "permit udp any any fragments"),
            ("permit tcp any any match-all +ack -fin", "permit tcp any any match-all +ack -fin"),
        ],
    )
    def test_an_entry_is_normalised(self, box: Router, line: str, shown: str) -> None:
        assert configure(box.other_operator(), "ip access-list extended N", line) == ["", ""]
        assert entries(box, "N") == [f"    10 {shown}"]
        assert f" 10 {shown}\n" in box.running()

    def test_ipv6_entries_name_their_number_at_the_end(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "ipv6 access-list N", "deny tcp any host 2001:db8::1 eq 25",
                  "sequence 5 permit icmp any any 135")  # fmt: skip
        assert typed(shell, "show ipv6 access-list N") == [
            "IPv6 access list N\n"
            "    permit icmp any any nd-ns sequence 5\n"
            "    deny tcp any host 2001:DB8::1 eq smtp sequence 10"
        ]
        assert " sequence 5 permit icmp any any nd-ns\n" in box.running()

    def test_standard_lists_show_wildcard_bits(self, box: Router) -> None:
        configure(box.other_operator(), "ip access-list standard 99", "permit 172.16.191.199",
                  "deny any log", "permit 10.0.10.0 0.255.0.255")  # fmt: skip
        assert entries(box, "99") == [
            "    10 permit 172.16.191.199",
            "    20 deny   any log",
            "    30 permit 10.0.10.0, wildcard bits 0.255.0.255",
        ]
        assert " 30 permit 10.0.10.0 0.255.0.255\n" in box.running()

    @pytest.mark.parametrize(
        "line",
        [
            "deny tcp any any eq 70000",
            "deny tcp any any eq nonsense",
            "deny ip 10.0.0 0.0.0.255 any",
            "deny ip any any eq 25",
            "permit tpc any any",
            "deny ip any any wrong",
        ],
    )
    def test_nonsense_is_refused(self, box: Router, line: str) -> None:
        answers = configure(box.other_operator(), ACL, line)
        assert "Invalid input" in answers[1]
        assert box.running() == CONFIGURATION


class TestGroups:
    USED = ("object-group network G", "host 192.0.2.255", "10.0.0.0 /8",
            "ip access-list extended N", "deny ip object-group G any")  # fmt: skip

    def test_members_come_back_normalised(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, *self.USED, "object-group network G", "10.1.1.7 255.255.255.255",
                  "range 10.2.0.1 10.2.0.9", "group-object OPS")  # fmt: skip
        assert typed(shell, "show object-group G") == [
            "Network object group G\n host 192.0.2.255\n 10.0.0.0 255.0.0.0\n"
            " host 10.1.1.7\n range 10.2.0.1 10.2.0.9\n group-object OPS"
        ]
        assert typed(shell, "show object-group name G") == typed(shell, "show object-group G")
        assert entries(box, "N") == ["    10 deny   ip object-group G any"]

    def test_a_group_in_use_is_neither_deleted_nor_emptied(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, *self.USED)
        answers = configure(shell, "no object-group network G", "object-group network G",
                            "no 10.0.0.0 255.0.0.0", "no host 192.0.2.255")  # fmt: skip
        assert ["in use" in answer for answer in answers] == [True, False, False, True]
        assert " host 192.0.2.255\n" in box.running()

    def test_a_free_group_may_be_emptied_and_deleted(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, *self.USED)
        answers = configure(shell, "no ip access-list extended N", "object-group network G",
                            "no host 192.0.2.255", "no 10.0.0.0 /8",
                            "no object-group network G")  # fmt: skip
        assert answers == [""] * 5
        assert box.running() == CONFIGURATION

    def test_a_group_inside_a_group_is_in_use(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "object-group network OUTER", "group-object OPS")
        assert "in use" in configure(shell, "no object-group network OPS")[0]
        assert "contains" in configure(shell, "object-group network OPS", "group-object OUTER")[1]

    def test_unknown_empty_and_foreign_groups_are_refused_in_entries(self, box: Router) -> None:
        shell = box.other_operator()
        configure(
            shell, "object-group network EMPTY", "object-group v6-network G6", "2001:db8::/32"
        )
        answers = configure(shell, ACL, *(f"deny ip object-group {name} any"
                                          for name in ("NONE", "EMPTY", "G6")))  # fmt: skip
        assert all(answer.startswith("%") for answer in answers[1:])

    def test_a_member_that_is_not_there_is_refused(self, box: Router) -> None:
        answers = configure(box.other_operator(), "object-group network OPS", "no host 10.0.0.1")
        assert answers[1].startswith("%")

    @pytest.mark.parametrize("line", ["host 10.0.0.256", "10.0.0.0 0.0.0.255", "host 2001:db8::1",
                                      "10.0.0.0 /40", "host 10.0.0.1 extra"])  # fmt: skip
    def test_nonsense_is_refused(self, box: Router, line: str) -> None:
        answers = configure(box.other_operator(), "object-group network OPS", line)
        assert "Invalid input" in answers[1]
        assert box.running() == CONFIGURATION

    def test_some_releases_have_no_ipv6_groups(self) -> None:
        box = router(Quirks(v6_groups=False))
        assert "Invalid" in configure(box.other_operator(), "object-group v6-network G6")[0]

    def test_ipv6_groups_are_shown_as_in_the_capture(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "object-group v6-network G6", "host 2001:DB8::1", "2001:db8:1::/48")
        assert typed(shell, "show object-group G6") == [
            "V6-Network object group G6\n host 2001:db8::1\n 2001:db8:1::/48"
        ]


class TestFull:
    def test_groups_multiply_and_the_entry_over_the_limit_is_not_added(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "object-group network G", *(f"host 10.0.0.{last}" for last in range(1, 4)))
        box.faults.full_at(8)  # EDGE-IN has three; the group adds three, then two more members
        before = box.running()
        assert configure(shell, ACL, "5 deny ip object-group G any")[1] == ""
        answers = configure(shell, "object-group network G", "host 10.0.0.4", "host 10.0.0.5",
                            "host 10.0.0.6")  # fmt: skip
        assert ["TCAM" in answer for answer in answers] == [False, False, False, True]
        assert "host 10.0.0.6" not in box.running()
        assert box.faults.fired[faults.FULL] == 1
        assert before != box.running()

    def test_binding_a_large_list_is_refused_too(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "ip access-list extended N", "deny udp any any", "deny tcp any any")
        box.faults.full_at(4)
        answers = configure(shell, "interface Gi0/0/2", "ip access-group N in")
        assert "TCAM" in answers[1]
        assert "ip access-group N in" not in box.running()


class TestTimeRanges:
    def configured(self, box: Router) -> None:
        now = box.clock.wall()
        end = now.replace(second=0, microsecond=0) + timedelta(minutes=61)
        configure(box.other_operator(), "time-range T",
                  f"absolute end {end:%H:%M} {end.day} {end:%B} {end.year}",
                  ACL, "5 deny udp any any time-range T")  # fmt: skip

    def test_an_entry_becomes_inactive_at_its_end_and_stays(self, box: Router) -> None:
        self.configured(box)
        assert entries(box)[0] == "    5 deny   udp any any time-range T (active)"
        assert "time-range entry: T (active)" in typed(box.other_operator(), "show time-range")[0]
        box.clock.advance(3700)
        assert entries(box)[0] == "    5 deny   udp any any time-range T (inactive)"
        assert " 5 deny   udp any any time-range T\n" in box.running()

    def test_the_routers_own_clock_decides(self, box: Router) -> None:
        self.configured(box)
        box.clock.skew = timedelta(hours=2)
        assert "(inactive)" in entries(box)[0]
        shown = typed(box.other_operator(), "show clock")[0]
        assert shown.split(".")[0].split(":")[0] == f"{box.clock.wall():%H}"

    def test_a_range_that_does_not_exist_is_inactive(self, box: Router) -> None:
        configure(box.other_operator(), ACL, "5 deny udp any any time-range NONE")
        assert "(inactive)" in entries(box)[0]

    @pytest.mark.parametrize("line", ["absolute end 25:00 1 January 2027", "absolute",
                                      "absolute end 10:00 31 February 2027"])  # fmt: skip
    def test_nonsense_is_refused(self, box: Router, line: str) -> None:
        answers = configure(box.other_operator(), "time-range T", line)
        assert answers[1].lstrip(" ^\n").startswith("%")


class TestRoutes:
    def test_tagged_discard_routes_come_and_go(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "ip route 203.0.113.7 255.255.255.255 Null0 tag 666 name ENF-1",
                  "ipv6 route 2001:db8:7::/48 null0 tag 666")  # fmt: skip
        text = box.running()
        assert "ip route 203.0.113.7 255.255.255.255 Null0 tag 666 name ENF-1\n" in text
        assert "ipv6 route 2001:DB8:7::/48 Null0 tag 666\n" in text
        assert (
            "203.0.113.7/32 is directly connected, Null0" in typed(shell, "show ip route static")[0]
        )
        configure(shell, "no ip route 203.0.113.7 255.255.255.255 Null0",
                  "no ipv6 route 2001:DB8:7::/48 Null0")  # fmt: skip
        assert box.running() == CONFIGURATION

    def test_the_same_route_again_replaces_its_tag(self, box: Router) -> None:
        configure(box.other_operator(), "ip route 203.0.113.7 255.255.255.255 Null0 tag 1",
                  "ip route 203.0.113.7 255.255.255.255 Null0 tag 2")  # fmt: skip
        assert box.running().count("ip route 203.0.113.7") == 1

    def test_refusals(self, box: Router) -> None:
        answers = configure(box.other_operator(), "no ip route 203.0.113.7 255.255.255.255 Null0",
                            "ip route 203.0.113.7 255.255.255.0 Null0")  # fmt: skip
        assert answers == ["%No matching route to delete\n\n", "%Inconsistent address and mask\n\n"]
