# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated IOS router's texts: byte for byte the operator's, and in the form of captures."""

import re
from pathlib import Path

import pytest

from lab.emulators.cisco_ios import Quirks, Router
from lab.emulators.cisco_ios.aces import read, read_standard
from lab.emulators.cisco_ios.words import Refusal, Words
from tests.unit.emulators.ios_router import CONFIGURATION, configure, router, typed

ENTRY = re.compile(r" *(?:\d+ )?((?:permit|deny) .*?)(?: +\(\d+ match(?:es)?\))? *$")


@pytest.fixture
def box() -> Router:
    return router()


class TestByteForByte:
    def test_what_was_loaded_is_what_is_shown(self, box: Router) -> None:
        assert box.running() == CONFIGURATION
        assert box.startup() == CONFIGURATION

    def test_what_is_shown_can_be_loaded(self, box: Router) -> None:
        other = Router()
        other.load(typed(box.other_operator(), "show running-config")[0])
        assert other.running() == CONFIGURATION

    @pytest.mark.parametrize(
        "lines",
        [
            ("interface Gi0/0/0", "ip access-group ENF-IN out", "no ip access-group ENF-IN out"),
            ("interface Gi0/0/1.100", "shutdown", "no shutdown"),
            ("interface Gi0/0/2", "no shutdown", "shutdown"),
            ("interface Gi0/0/0", "no description", "description uplink  with two spaces"),
            ("interface Gi0/0/2", "ip address 10.0.0.1 255.255.255.0",
             "no ip address 10.0.0.1 255.255.255.0"),
            ("snmp-server community ENF RO", "no snmp-server community ENF"),
            ("ip access-list extended ENF-X", "permit ip any any", "exit",
             "no ip access-list extended ENF-X"),
            ("object-group network ENF-G", "host 192.0.2.255", "exit",
             "no object-group network ENF-G"),
            ("router bgp 64500", "neighbor 192.0.2.2 shutdown",
             "no neighbor 192.0.2.2 shutdown"),
            ("time-range ENF-T", "absolute end 10:00 1 January 2027", "exit",
             "no time-range ENF-T"),
            ("interface Loopback9", "exit", "no interface Loopback9"),
        ],
    )  # fmt: skip
    def test_what_is_done_and_undone_leaves_no_trace(
        self, box: Router, lines: tuple[str, ...]
    ) -> None:
        answers = configure(box.other_operator(), *lines[:-1])
        assert set(answers) == {""}
        assert box.running() != CONFIGURATION
        configure(box.other_operator(), *lines[:1], *lines[-1:])
        if lines[0].startswith(("ip access-list", "object-group", "time-range", "interface Lo")):
            configure(box.other_operator(), lines[-1])
        assert box.running() == CONFIGURATION

    def test_a_line_that_no_router_takes_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"line 2: ' 10 permit tpc any any'"):
            Router().load("ip access-list extended A\n 10 permit tpc any any\n")

    def test_a_person_may_be_refused_too(self, box: Router) -> None:
        with pytest.raises(ValueError, match="Duplicate sequence number"):
            box.by_hand("ip access-list extended EDGE-IN\n10 deny ip any any")

    def test_a_person_edits_several_parts(self, box: Router) -> None:
        box.by_hand("interface Gi0/0/0\n no ip access-group EDGE-IN in\n!\nhostname other\n")
        assert "access-group" not in box.running()
        assert box.hostname == "other"


class TestFilters:
    def test_section_takes_whole_sections_by_header(self, box: Router) -> None:
        shown = typed(box.other_operator(), "show running-config | section ^ip access-list")[0]
        assert shown.split("\n")[0] == "ip access-list extended EDGE-IN"
        assert shown.split("\n")[-1] == " 30 permit ip any any"

    def test_section_takes_the_header_of_a_line_inside(self, box: Router) -> None:
        shown = typed(box.other_operator(), "show running-config | section access-group")[0]
        assert shown == "interface GigabitEthernet0/0/0\n ip access-group EDGE-IN in"

    def test_include_exclude_begin_and_count(self, box: Router) -> None:
        shell = box.other_operator()
        assert typed(shell, "show running-config | include ^interface") == [
            "interface GigabitEthernet0/0/0\n"
            "interface GigabitEthernet0/0/1.100\n"
            "interface GigabitEthernet0/0/2"
        ]
        assert "interface" not in typed(shell, "show running-config | exclude interface")[0]
        assert typed(shell, "show running-config | begin ^ntp")[0].startswith("ntp server")
        assert typed(shell, "show running-config | count ^interface") == [
            "Number of lines which match regexp = 3"
        ]
        assert typed(shell, "show running-config | include") == ["% Incomplete command.\n\n"]

    def test_the_partition_has_the_access_lists_only(self, box: Router) -> None:
        shown = typed(box.other_operator(), "show running-config partition access-list")[0]
        assert "Configuration of Partition - access-list" in shown
        assert " 10 remark mail only by the relay\n 10 permit tcp host" in shown
        assert "hostname" not in shown

    def test_one_interface(self, box: Router) -> None:
        shown = typed(box.other_operator(), "show running-config interface gi0/0/0")[0]
        assert shown.endswith(" ipv6 address 2001:DB8::1/64\nend\n")
        assert "Invalid" in typed(box.other_operator(), "sh run int gi7/7/7")[0]


class TestBox:
    def test_the_version_says_that_it_is_emulated(self, box: Router) -> None:
        shown = typed(box.other_operator(), "show version")[0]
        assert "Cisco IOS XE Software" in shown and "EMULATED" in shown
        assert "edge1 uptime is" in shown

    def test_bindings_and_urpf_of_an_interface(self, box: Router) -> None:
        box.by_hand("interface Gi0/0/0\nip verify unicast source reachable-via any\n"
                    "ipv6 traffic-filter F6 in")  # fmt: skip
        shown = typed(box.other_operator(), "show ip interface Gi0/0/0")[0]
        assert "  Inbound  access list is EDGE-IN\n" in shown
        assert "  Outgoing access list is not set\n" in shown
        assert shown.endswith("  IP verify source reachable-via ANY")
        six = typed(box.other_operator(), "show ipv6 interface Gi0/0/0")[0]
        assert six.endswith("  Inbound access list F6")

    def test_a_shut_interface_is_down(self, box: Router) -> None:
        shown = typed(box.other_operator(), "show ip interface brief")[0].split("\n")
        assert "administratively down down" in shown[-1]


class TestCaptures:
    """Real outputs: every entry of theirs goes in, and comes out as it stands there."""

    def captured(self, corpus: Path, folder: str) -> list[str]:
        files = sorted((corpus / "devices" / "ios" / folder).glob("*.txt"))
        assert files, f"the corpus has no {folder}"
        return [line for file in files for line in file.read_text().split("\n")]

    @pytest.mark.parametrize(
        ("folder", "least"),
        [("show_ip_access-lists", 250), ("show_running-config_partition_access-list", 100)],
    )
    def test_entries_come_back_as_they_were_captured(
        self, corpus: Path, folder: str, least: int
    ) -> None:
        known, strange = 0, []
        for line in self.captured(corpus, folder):
            found = ENTRY.match(line)
            if not found or "SERVICE_OBJECT_GROUP" in line:
                continue
            entry = re.sub(r" \((in)?active\)", "", found[1])
            entry = re.sub(r"^deny +", "deny   ", re.sub(r"(?<=\S) {2,}", " ", entry))
            if entry in _all_readings(entry):
                known += 1
            else:
                strange.append(entry)
        assert known >= least
        # Names of other platforms and services that the table of this one does not have.
        assert len(set(strange)) <= 12, strange

    def test_a_captured_partition_loads_and_comes_back(self, corpus: Path) -> None:
        (file,) = (corpus / "devices" / "ios" / "show_running-config_partition_access-list").glob(
            "*_new.txt"
        )
        box = Router()
        box.load(file.read_text())
        shown = typed(box.other_operator(), "show running-config partition access-list")[0]
        for line in file.read_text().strip().split("\n"):
            assert line.rstrip() in shown

    def test_an_older_partition_without_numbers(self, corpus: Path) -> None:
        (file,) = (corpus / "devices" / "ios" / "show_running-config_partition_access-list").glob(
            "*_fixed.txt"
        )
        box = Router(quirks=Quirks(numbers_shown=False))
        box.load(file.read_text())
        shown = typed(box.other_operator(), "show running-config partition access-list")[0]
        assert ' remark "allows BGP"\n permit tcp host 10.1.6.20' in shown

    def test_the_forms_of_headers(self, corpus: Path, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "object-group v6-network G6", "host 2001:db8::1")
        for command, folder in (
            ("show ip access-lists", "show_ip_access-lists"),
            ("show object-group", "show_object-group"),
            ("show archive", "genie_ShowArchive"),
            ("show configuration lock", "genie_ShowConfigurationLock"),
            ("show ip bgp summary", "show_ip_bgp_summary"),
            ("show ip prefix-list", "show_ip_prefix-list"),
        ):
            shapes = {_shape(line) for line in self.captured(corpus, folder)}
            header = typed(shell, command)[0].split("\n")[0]
            assert _shape(header) in shapes, command

    def test_the_columns_of_the_bgp_summary(self, corpus: Path, box: Router) -> None:
        rows = typed(box.other_operator(), "show ip bgp summary")[0].split("\n")
        header = next(row for row in rows if row.startswith("Neighbor "))
        assert header in self.captured(corpus, "show_ip_bgp_summary")
        assert len(rows[-1].split()) == len(header.split())

    def test_the_words_of_the_revert_timer(self, corpus: Path, box: Router) -> None:
        errors = corpus / "devices" / "ios" / "errors"
        armed = typed(box.other_operator(), "configure terminal revert timer 2")[0].split("\n")
        captured = (errors / "revert_timer.txt").read_text().split("\n")[1:]
        start = captured[0].partition(" to ")[0]
        assert armed[0].startswith(f"{start} to ")
        assert [line.strip() for line in armed[1:]] == [line.strip() for line in captured[1:3]]
        warning = (errors / "revert_timer_warning_interleaved.txt").read_text()
        box.clock.advance(60)
        shell = next(iter(box.shells.values()))
        assert shell.notices()[0] in warning


def _all_readings(entry: str) -> set[str]:
    """How the emulator would show `entry`, as an extended and as a standard one."""
    readings = set()
    for way in (lambda words: read(words, 4), read_standard):
        try:
            readings.add(way(Words(entry.replace(", wildcard bits", ""))).text)
        except Refusal:
            continue
    return readings


def _shape(line: str) -> str:
    """A line without its names and numbers."""
    line = re.sub(r"(list|group|prefix-list) \S+?(:|$)", r"\1 NAME\2", line.strip())
    return re.sub(r"[\d.]+|-{3,}", "#", line)
