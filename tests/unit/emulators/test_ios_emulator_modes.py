# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated IOS command line: modes, prompts, refusals, abbreviations, saving, locks."""

import pytest

from lab.emulators import faults
from lab.emulators.cisco_ios import Router
from lab.emulators.terminal import Terminal
from tests.unit.emulators.ios_router import CONFIGURATION, configure, router, typed


@pytest.fixture
def box() -> Router:
    return router()


def screen(box: Router, text: str, page_lines: int = 0) -> str:
    """What a terminal shows for typed text."""
    shell = box.shell("somebody")
    shell.page_lines = page_lines
    return b"".join(
        step for step in Terminal(box, shell).feed(text.encode()) if isinstance(step, bytes)
    ).decode()


class TestModes:
    def test_prompts_follow_the_mode(self, box: Router) -> None:
        shell = box.other_operator()
        prompts = []
        for line in (
            "configure terminal",
            "interface GigabitEthernet0/0/0",
            "interface GigabitEthernet0/0/1.100",
            "ip access-list extended A",
            "ipv6 access-list A6",
            "object-group network G",
            "object-group v6-network G6",
            "time-range T",
            "router bgp 64500",
            "address-family ipv4",
            "exit-address-family",
            "exit",
            "line vty 0 4",
            "end",
        ):
            shell.line(line)
            prompts.append(shell.prompt().removeprefix("edge1"))
        assert prompts == [
            "(config)#",
            "(config-if)#",
            "(config-subif)#",
            "(config-ext-nacl)#",
            "(config-ipv6-acl)#",
            "(config-network-group)#",
            "(config-v6network-group)#",
            "(config-time-range)#",
            "(config-router)#",
            "(config-router-af)#",
            "(config-router)#",
            "(config)#",
            "(config-line)#",
            "#",
        ]

    def test_long_names_are_cut_in_configuration_mode_only(self) -> None:
        box = Router("a-very-long-host-name-indeed")
        shell = box.other_operator()
        assert shell.prompt() == "a-very-long-host-name-indeed#"
        shell.line("conf t")
        assert shell.prompt() == "a-very-long-host-nam(config)#"

    def test_control_z_and_end_leave_from_any_depth(self, box: Router) -> None:
        shell = box.other_operator()
        typed(shell, "conf t", "router bgp 64500", "address-family ipv4")
        shell.suspend("")
        assert shell.prompt() == "edge1#"

    def test_the_host_name_changes_at_once(self, box: Router) -> None:
        shell = box.other_operator()
        typed(shell, "conf t", "hostname core9")
        assert shell.prompt() == "core9(config)#"
        assert box.hostname == "core9"

    def test_a_secret_guards_privileges(self, box: Router) -> None:
        box.enable_secret = "open-sesame"
        shell = box.other_operator()
        assert shell.prompt() == "edge1>"
        assert "Invalid input" in shell.line("configure terminal").text
        question = shell.line("enable")
        assert question.question and question.hidden and question.text == "Password: "
        assert "Bad secrets" in shell.line("wrong").text
        typed(shell, "enable", "open-sesame")
        assert shell.prompt() == "edge1#"
        assert typed(shell, "show privilege") == ["Current privilege level is 15"]

    def test_a_banner_is_text_until_its_delimiter(self, box: Router) -> None:
        shell = box.other_operator()
        typed(shell, "conf t", "banner login ^C", "no interface Null0", "^C", "hostname other")
        assert "banner login ^C\nno interface Null0\n^C\n" in box.running()
        assert box.hostname == "other"

    def test_the_banner_greets(self, box: Router) -> None:
        shell = box.shell("somebody")
        start = b"".join(s for s in Terminal(box, shell).start() if isinstance(s, bytes))
        assert start == b"\r\n authorised  persons only\r\n\r\nedge1#"


class TestRefusals:
    def test_the_caret_stands_under_the_word(self, box: Router) -> None:
        output = screen(box, "show fancy\n")
        assert output == (
            "show fancy\r\n           ^\r\n% Invalid input detected at '^' marker.\r\n\r\nedge1#"
        )
        echoed = "edge1#show fancy"
        assert echoed.index("f") == output.split("\r\n")[1].index("^")

    def test_following_lines_still_execute(self, box: Router) -> None:
        answers = configure(box.other_operator(), "frobnicate", "ip acess-list x", "hostname b")
        assert ["Invalid" in answer for answer in answers] == [True, True, False]
        assert box.hostname == "b"

    @pytest.mark.parametrize(
        "line", ["ip access-list", "ip route 10.0.0.0 255.0.0.0", "interface", "object-group"]
    )
    def test_incomplete_lines_change_nothing(self, box: Router, line: str) -> None:
        before = box.running()
        assert configure(box.other_operator(), line) == ["% Incomplete command.\n\n"]
        assert box.running() == before

    def test_ambiguous_lines_say_so(self, box: Router) -> None:
        assert typed(box.other_operator(), "co") == ['% Ambiguous command:  "co"']

    def test_physical_interfaces_do_not_come_into_being(self, box: Router) -> None:
        shell = box.other_operator()
        assert "Invalid input" in configure(shell, "interface GigabitEthernet9/9/9")[0]
        assert configure(shell, "interface Loopback7") == [""]
        assert "interface Loopback7\n" in box.running()

    def test_authorization_fails_in_the_platforms_words(self, box: Router) -> None:
        box.faults.refuse_authorization(2)
        output = screen(box, "conf t\nhostname a\nhostname b\n")
        assert output.endswith("hostname b\r\nCommand authorization failed.\r\na(config)#")
        assert box.faults.fired[faults.AAA] == 1

    def test_half_a_line_is_refused_where_it_is_no_line(self, box: Router) -> None:
        before = box.running()
        box.faults.lose_half_line(2)
        output = screen(box, "conf t\nip access-list extended EDGE-IN\n15 deny udp any any\nend\n")
        assert "Incomplete command" in output
        assert box.running() == before


class TestAbbreviations:
    def test_exec_commands_abbreviate(self, box: Router) -> None:
        assert typed(box.other_operator(), "sh ip access-l") == typed(
            box.other_operator(), "show ip access-lists"
        )

    def test_configuration_keywords_and_interfaces_abbreviate(self, box: Router) -> None:
        configure(box.other_operator(), "int gi0/0/2", "descr spare port")
        assert "interface GigabitEthernet0/0/2\n description spare port\n" in box.running()

    def test_do_runs_exec_commands(self, box: Router) -> None:
        answers = configure(box.other_operator(), "do show privilege", "show privilege")
        assert answers[0] == "Current privilege level is 15"
        assert "Invalid input" in answers[1]


class TestPaging:
    def test_pages_until_the_length_is_zero(self, box: Router) -> None:
        assert " --More-- " in screen(box, "show running-config\n", page_lines=24)
        shown = screen(box, "terminal length 0\nshow running-config\n", page_lines=24)
        assert " --More-- " not in shown
        assert shown.endswith("end\r\nedge1#")


class TestSaving:
    @pytest.mark.parametrize("command", ["write memory", "write", "wr", "do wr mem"])
    def test_write_memory_says_ok_and_a_reboot_keeps_it(self, box: Router, command: str) -> None:
        shell = box.other_operator()
        configure(shell, "hostname saved")
        if command.startswith("do"):
            shell.line("configure terminal")
        assert shell.commits(command)
        assert typed(shell, command) == ["Building configuration...\n[OK]"]
        box.reboot()
        assert box.hostname == "saved"

    def test_copy_asks_for_the_name(self, box: Router) -> None:
        shell = box.other_operator()
        configure(shell, "hostname saved")
        question = shell.line("copy running-config startup-config")
        assert question.question
        assert question.text == "Destination filename [startup-config]? "
        assert box.startup() == CONFIGURATION
        assert shell.commits("")
        assert shell.line("").text == "Building configuration...\n[OK]"
        assert box.startup() == box.running()

    def test_what_is_not_saved_is_lost(self, box: Router) -> None:
        configure(box.other_operator(), "hostname unsaved")
        box.reboot()
        assert box.running() == CONFIGURATION

    def test_lines_live_on_when_the_session_is_lost(self, box: Router) -> None:
        shell = box.shell("somebody")
        typed(shell, "conf t", "ip access-list extended EDGE-IN", "15 deny udp any any")
        shell.closed()
        assert " 15 deny   udp any any\n" in box.running()


class TestLock:
    def test_a_lock_keeps_others_out_until_its_owner_leaves(self, box: Router) -> None:
        owner, other = box.other_operator("first"), box.other_operator("second")
        typed(owner, "configure terminal lock")
        refused = other.line("configure terminal").text
        assert "locked" in refused and "'first'" in refused
        assert other.prompt() == "edge1#"
        assert (
            "State                             : LOCKED"
            in typed(other, "show configuration lock")[0]
        )
        owner.closed()
        assert "FREE" in typed(other, "show configuration lock")[0]
        assert "Enter configuration" in other.line("configure terminal").text

    def test_users_are_listed(self, box: Router) -> None:
        first, second = box.shell("first", "192.0.2.9"), box.shell("second")
        assert "first" in typed(second, "show users")[0]
        first.closed()
        assert "first" not in typed(second, "show users")[0]


class TestNonsense:
    @pytest.mark.parametrize(
        ("mode", "line"),
        [
            ("router bgp 64500", "neighbor 192.0.2.2 remote-as many"),
            ("router bgp 64500", "neighbor 192.0.2.2 prefix-list CUST sideways"),
            ("router bgp 64500", "neighbor 192.0.2"),
            ("archive", "maximum lots"),
            ("interface Gi0/0/0", "ip address 192.0.2.1 0.0.0.255"),
            ("interface Gi0/0/0", "ipv6 address 2001:db8::1/129"),
            ("interface Gi0/0/0", "ip verify unicast source reachable-via nothing"),
            ("interface Gi0/0/0", "ip access-group EDGE-IN"),
            ("hostname edge1", "router bgp many"),
            ("hostname edge1", "default interface Gi0/0/0"),
        ],
    )
    def test_nonsense_in_known_lines_is_refused(self, box: Router, mode: str, line: str) -> None:
        answers = configure(box.other_operator(), mode, line)
        assert answers[0] == ""
        assert answers[1] != ""
        assert box.running() == CONFIGURATION
