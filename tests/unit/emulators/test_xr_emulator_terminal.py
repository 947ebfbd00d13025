# SPDX-License-Identifier: GPL-2.0-or-later
"""What a terminal of the EMULATED IOS-XR router looks like: prompts, stamps, markers, modes."""

import importlib
import re

import pytest

from lab.emulators.cisco_xr import Router
from lab.emulators.platforms import emulator
from lab.emulators.terminal import Steps, Terminal
from tests.unit.emulators.xr_text import configuring, router, session, typed

pytestmark = pytest.mark.emulated

STAMP = "Fri May 22 14:09:33.753 UTC"
MARKER = "% Invalid input detected at '^' marker."


def test_the_platform_is_found_by_name() -> None:
    made = emulator("cisco_xr", "pe1")
    assert isinstance(made, Router)
    assert made.shell("enforcer").prompt() == "RP/0/RP0/CPU0:pe1#"


@pytest.mark.parametrize(
    "lines, mode",
    [
        ([], "config"),
        (["interface GigabitEthernet0/0/0/0"], "config-if"),
        (["interface GigabitEthernet0/0/0/0.100"], "config-subif"),
        (["object-group network ipv4 X"], "config-object-group-ipv4"),
        (["object-group network ipv6 X"], "config-object-group-ipv6"),
        (["ipv4 access-list X"], "config-ipv4-acl"),
        (["ipv6 access-list X"], "config-ipv6-acl"),
        (["prefix-set X"], "config-pfx"),
        (["route-policy X"], "config-rpl"),
        (["router static", "address-family ipv4 unicast"], "config-static-afi"),
        (["router static", "address-family ipv6 unicast"], "config-static-afi"),
        (["router bgp 65000", "neighbor 192.0.2.1"], "config-bgp-nbr"),
        (
            ["router bgp 65000", "neighbor 192.0.2.1", "address-family ipv4 unicast"],
            "config-bgp-nbr-af",
        ),
    ],
)
def test_the_prompt_names_the_submode(lines: list[str], mode: str) -> None:
    shell = configuring(router(), *lines)
    assert shell.prompt() == f"RP/0/RP0/CPU0:xr1({mode})#"


def test_long_prompts_are_cut_as_recorded() -> None:
    device = router("hostname TME-5508-1-6.3.2\n")
    shell = session(device)
    assert shell.prompt() == "RP/0/RP0/CPU0:TME-5508-1-6.3.2#"
    typed(shell, "configure")
    assert shell.prompt() == "RP/0/RP0/CPU0:TME-5508-1-6.3.2(config)#"
    typed(shell, "object-group network ipv4 OBJ-Email-Nets")
    assert shell.prompt() == "RP/0/RP0/CPU0:TME-5508-1-6.(config-object-group-ipv4)#"


def test_names_are_cut_at_31_characters() -> None:
    shell = session(router("hostname a-router-with-a-very-long-name-indeed\n"))
    assert shell.prompt() == "RP/0/RP0/CPU0:a-router-with-a-v#"


def test_output_stands_below_a_timestamp() -> None:
    shell = session(router())
    for command in ("show clock", "show version", "show running-config", "terminal length 0"):
        assert shell.line(command).text.split("\n")[0] == STAMP
    assert shell.line("configure").text == ""
    assert shell.line("interface Loopback0").text == ""


def test_the_timestamp_can_be_turned_off() -> None:
    shell = session(router())
    assert MARKER in shell.line("terminal exec prompt nonsense").text
    shell.line("terminal exec prompt no-timestamp")
    assert shell.line("show clock").text == "14:09:33.753 UTC Fri May 22 2026"


def test_a_bad_word_is_marked_and_the_next_line_still_counts() -> None:
    device = router()
    shell = configuring(device, "ipv4 access-list BASE")
    prompt = shell.prompt()
    line = "7 deny tcp any host 192.0.2.9 eq nosuch"
    mark, message = shell.line(line).text.split("\n")
    assert message == MARKER
    assert (prompt + line)[mark.index("^") :] == "nosuch"
    typed(shell, "8 deny tcp any host 192.0.2.9 eq 80", "commit")
    assert " 8 deny tcp any host 192.0.2.9 eq www\n" in device.running()
    assert "nosuch" not in device.running()


@pytest.mark.parametrize(
    "line, word",
    [
        ("this-is-not-a-command foo", "this-is-not-a-command foo"),
        ("show nosuch", "nosuch"),
        ("show access-lists ipv5", "ipv5"),
        ("show configuration commit list x", "x"),
    ],
)
def test_bad_commands_in_exec_mode_are_marked(line: str, word: str) -> None:
    shell = session(router())
    mark, message = shell.line(line).text.split("\n")
    assert message == MARKER
    assert (shell.prompt() + line)[mark.index("^") :] == word


def test_incomplete_and_ambiguous_commands() -> None:
    shell = session(router())
    assert shell.line("terminal").text == "% Incomplete command."
    assert shell.line("c").text.startswith("% Ambiguous command:")
    shell.line("configure")
    assert shell.line("ipv4 access-list").text == "% Incomplete command."
    assert shell.line("commit label").text == "% Incomplete command."


@pytest.mark.parametrize("command", ["show running-config", "sh run", "show ru"])
def test_commands_may_be_abbreviated(command: str) -> None:
    assert "hostname xr1" in session(router()).line(command).text


def test_an_exclamation_mark_is_a_comment_and_leaves_nothing() -> None:
    shell = configuring(router(), "router bgp 65000", "neighbor 192.0.2.1")
    before = shell.prompt()
    assert typed(shell, "!", "! some words").strip() == ""
    assert shell.prompt() == before


def test_exit_pops_one_level_and_root_all() -> None:
    shell = configuring(router(), "router bgp 65000", "neighbor 192.0.2.1")
    typed(shell, "address-family ipv4 unicast", "exit")
    assert shell.prompt().endswith("(config-bgp-nbr)#")
    typed(shell, "exit")
    assert shell.prompt().endswith("(config-bgp)#")
    typed(shell, "neighbor 192.0.2.1", "address-family ipv4 unicast", "root")
    assert shell.prompt().endswith("(config)#")


def test_a_statement_of_an_outer_mode_leaves_the_inner_one() -> None:
    shell = configuring(router(), "ipv4 access-list BASE", "interface Loopback778")
    assert shell.prompt().endswith("(config-if)#")


def test_a_statement_may_follow_its_block_on_one_line() -> None:
    device = router()
    shell = configuring(device, "int Gi0/0/0/1 shut", "ipv4 access-list BASE 7 deny tcp any any")
    assert shell.prompt().endswith("(config)#")
    typed(shell, "commit")
    assert " description border\n ipv4 address" in device.running()
    assert " shutdown\n" in device.running()
    assert " 7 deny tcp any any\n" in device.running()


def test_exec_commands_run_behind_do() -> None:
    shell = configuring(router())
    assert MARKER in shell.line("show version").text
    assert "Version 24.3.1" in shell.line("do show version").text
    assert "hostname xr1" in shell.line("show running-config").text


def test_sessions_are_shown_in_exec_mode_alone() -> None:
    shell = configuring(router())
    assert MARKER in shell.line("show configuration sessions").text
    assert "vty0" in shell.line("do show configuration sessions").text


def test_pipes_filter() -> None:
    shell = session(router())
    lines = shell.line("show running-config | include access-group").text.split("\n")
    assert lines[1:] == [" ipv4 access-group BASE ingress", " ipv6 access-group BASE6 ingress"]
    assert shell.line("show running-config | begin ^ssh").text.split("\n")[1:3] == [
        "ssh server v2",
        "end",
    ]
    assert "hostname" not in shell.line("show running-config | exclude hostname").text
    assert MARKER in shell.line("show running-config | nosuch x").text


def test_a_section_of_the_configuration_is_shown_with_what_it_stands_in() -> None:
    shell = session(router())
    answer = shell.line("show running-config router static address-family ipv4 unicast").text
    assert answer.split("\n")[1:] == [
        "router static",
        " address-family ipv4 unicast",
        "  0.0.0.0/0 203.0.113.2",
        " !",
        "!",
        "",
    ]
    assert "object-group network ipv4 RELAYS\n host 192.0.2.25\n!" in typed(
        shell, "show running-config object-group network ipv4 RELAYS"
    )
    both = typed(shell, "show run ipv4 access-list", "show run interface gi0/0/0/1")
    assert "ipv4 access-list BASE" in both and "description border" in both
    assert "description customer" not in both


def test_what_is_not_there_is_said_so() -> None:
    shell = session(router())
    answer = shell.line("show running-config ipv4 access-list NOSUCH").text
    assert answer == f"{STAMP}\n% No such configuration item(s)\n"


def test_users_and_clock() -> None:
    device = router()
    session(device, "operator")
    shell = session(device)
    assert shell.line("show clock").text == f"{STAMP}\n14:09:33.753 UTC Fri May 22 2026"
    assert re.search(r"^\*  vty1 +enforcer +ssh", shell.line("show users").text, re.MULTILINE)
    assert re.search(r"^   vty0 +operator +ssh", shell.line("show users").text, re.MULTILINE)


def test_an_independent_template_reads_show_version() -> None:
    device = router()
    device.clock.advance(8 * 86400 + 61 * 60)
    text = session(device).line("show version").text
    (parsed,) = importlib.import_module("ntc_templates.parse").parse_output(
        "cisco_xr", "show version", text
    )
    assert parsed["version"].startswith("24.3.1")
    assert parsed["uptime"] == "1 week, 1 day, 1 hour, 1 minute"
    assert parsed["label"] == "24.3.1-EMULATED"


def test_logout_ends_the_session() -> None:
    device = router()
    shell = session(device)
    assert shell.line("exit").close
    shell.closed()
    assert device.shells == []


# ---------------------------------------------------------------- as the server shows it


def shown(terminal: Terminal, steps: Steps) -> str:
    """What a client sees; pauses and endings are left out."""
    return b"".join(step for step in steps if isinstance(step, bytes)).decode()


def opened(device: Router) -> Terminal:
    return Terminal(device, device.shell("enforcer"))


def test_lines_are_echoed_and_end_in_crlf() -> None:
    terminal = opened(router())
    seen = shown(terminal, terminal.start())
    seen += shown(terminal, terminal.feed(b"terminal length 0\nshow clock\n"))
    assert seen == (
        f"RP/0/RP0/CPU0:xr1#terminal length 0\r\n{STAMP}\r\n"
        f"RP/0/RP0/CPU0:xr1#show clock\r\n{STAMP}\r\n14:09:33.753 UTC Fri May 22 2026\r\n"
        "RP/0/RP0/CPU0:xr1#"
    )


def test_long_output_stops_until_paging_is_off() -> None:
    terminal = opened(router())
    seen = shown(terminal, terminal.feed(b"show running-config\n"))
    assert seen.endswith(" --More-- ") and "ssh server v2" not in seen
    while not seen.endswith("xr1#"):
        seen += shown(terminal, terminal.feed(b" "))
    assert seen.count("--More--") > 2 and "ssh server v2" in seen
    shown(terminal, terminal.feed(b"term len 0\n"))
    whole = shown(terminal, terminal.feed(b"show running-config\n"))
    assert "ssh server v2" in whole and "--More--" not in whole


def test_a_question_waits_on_its_own_line() -> None:
    terminal = opened(router())
    seen = shown(terminal, terminal.feed(b"conf t\nhostname x\nend\n"))
    assert seen.endswith("(yes/no/cancel)? [cancel]:")
    assert shown(terminal, terminal.feed(b"no\n")) == "no\r\nRP/0/RP0/CPU0:xr1#"


def test_control_z_is_end() -> None:
    terminal = opened(router())
    seen = shown(terminal, terminal.feed(b"configure\ninterface Loopback0\n\x1a"))
    assert seen.endswith("RP/0/RP0/CPU0:xr1#")
