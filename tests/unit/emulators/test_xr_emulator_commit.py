# SPDX-License-Identifier: GPL-2.0-or-later
"""Target buffer, commits, locks and questions of the EMULATED IOS-XR router."""

import importlib
from pathlib import Path

import pytest

from lab.emulators.shell import Shell
from tests.unit.emulators.xr_text import (
    CONFIGURATION,
    configuring,
    in_configuration,
    router,
    session,
    typed,
)

pytestmark = pytest.mark.emulated

BLOCK = ("object-group network ipv4 ENF-A", "198.51.100.9/32", "root")
QUESTION = "Uncommitted changes found, commit them before exiting(yes/no/cancel)? [cancel]:"
FAILED = "% Failed to commit one or more configuration items during a pseudo-atomic operation."


def last(shell: Shell, line: str) -> str:
    """The answer without its timestamp."""
    return shell.line(line).text.partition(" UTC\n")[2]


def test_nothing_is_running_before_the_commit() -> None:
    device = router()
    shell = configuring(device, *BLOCK)
    assert "ENF-A" not in device.running()
    assert last(shell, "show configuration").split("\n") == [
        "Building configuration...",
        "!! IOS XR Configuration 24.3.1",
        "object-group network ipv4 ENF-A",
        " 198.51.100.9/32",
        "!",
        "end",
        "",
    ]
    assert last(shell, "commit") == ""
    assert "object-group network ipv4 ENF-A\n 198.51.100.9/32\n!\n" in device.running()
    assert "ENF-A" not in last(shell, "show configuration")


def test_the_buffer_shows_removals() -> None:
    shell = configuring(
        router(), "no prefix-set CUSTOMER", "int Gi0/0/0/0", "no ipv4 access-group BASE ingress"
    )
    shown = last(shell, "show configuration")
    assert "no prefix-set CUSTOMER\n" in shown
    assert "interface GigabitEthernet0/0/0/0\n no ipv4 access-group BASE ingress\n!" in shown


def test_what_the_commit_would_make_is_shown() -> None:
    shell = configuring(router(), "no hostname xr1", "ipv4 access-list BASE", "no 20", "root")
    merged = last(shell, "show configuration merge")
    assert "hostname" not in merged and " 20 deny ipv4" not in merged
    assert " 10 permit tcp any any eq bgp\n" in merged


def test_typing_what_is_there_already_is_no_change() -> None:
    device = router()
    shell = configuring(
        device, "object-group network ipv4 RELAYS", "host 192.0.2.25", "no host 192.0.2.26"
    )
    assert "RELAYS" not in last(shell, "show configuration")
    assert last(shell, "commit") == "No configuration changes to commit."
    assert last(shell, "end") == ""
    assert device.database.commits == []


def test_entering_a_physical_interface_alone_is_no_change() -> None:
    device = router()
    shell = configuring(device, "interface GigabitEthernet0/0/0/9", "root")
    assert last(shell, "commit") == "No configuration changes to commit."
    assert device.running() == CONFIGURATION


def test_the_buffer_dies_with_the_session_and_its_row_stays_for_minutes() -> None:
    device = router()
    configuring(device, *BLOCK).closed()
    watcher = session(device, "operator")
    rows = last(watcher, "show configuration sessions").split("\n")
    assert rows[0] == (
        "Current Configuration Session  Line       User     Date                     Lock"
    )
    assert rows[1].endswith("vty0       enforcer Fri May 22 14:09:33 2026")
    assert device.running() == CONFIGURATION
    device.clock.advance(15 * 60)
    assert last(watcher, "show configuration sessions") == ""


def test_an_orderly_end_leaves_no_row() -> None:
    device = router()
    shell = configuring(device)
    typed(shell, "end")
    assert last(shell, "show configuration sessions detail") == ""


def test_session_details_are_laid_out_as_recorded() -> None:
    device = router()
    configuring(device, user="clab")
    pid = device.database.sessions[0].pid
    assert last(session(device), "show configuration sessions detail") == (
        f"  1) Session: 00001000-{pid:08x}-00000000  Fri May 22 14:09:33 2026\n"
        "     Line: vty0                           Lock: None\n"
        "     User: clab                           Client: CLI\n"
        f"     Process: config                      PID: {pid}\n"
        "     Node:                                Elapsed Time: unknown"
    )


# ---------------------------------------------------------------- leaving


@pytest.mark.parametrize("word", ["end", "exit"])
def test_leaving_with_changes_asks(word: str) -> None:
    shell = configuring(router(), *BLOCK)
    reply = shell.line(word)
    assert reply.question and reply.text == QUESTION
    shell.line("")
    assert in_configuration(shell)


def test_the_question_answered_no_discards_and_yes_commits() -> None:
    device = router()
    shell = configuring(device, *BLOCK)
    typed(shell, "end", "no")
    assert not in_configuration(shell) and device.running() == CONFIGURATION
    shell = configuring(device, *BLOCK)
    shell.line("end")
    assert shell.commits("yes") and not shell.commits("no")
    shell.line("yes")
    assert not in_configuration(shell) and "ENF-A" in device.running()


def test_abort_leaves_without_a_question_and_clear_stays() -> None:
    device = router()
    shell = configuring(device, *BLOCK, "clear")
    assert in_configuration(shell) and "ENF-A" not in last(shell, "show configuration")
    typed(shell, *BLOCK, "abort")
    assert not in_configuration(shell)
    assert device.running() == CONFIGURATION
    assert last(shell, "show configuration sessions") == ""


# ---------------------------------------------------------------- the commit list


def test_labels_and_comments() -> None:
    device = router()
    shell = configuring(device, *BLOCK)
    typed(shell, "commit label ENF-17 comment order 17 confirmed 60")
    assert device.database.trial is None, "all words behind `comment` are the comment"
    details = last(shell, "do show configuration commit list detail")
    assert "   1) CommitId: 1000000001                 Label: ENF-17\n" in details
    assert "      Comment:  order 17 confirmed 60" in details


def test_the_commit_list_is_laid_out_as_recorded(corpus: Path) -> None:
    name = "ntc-templates__cisco_xr_show_configuration_commit_list.txt"
    folder = corpus / "devices" / "xr" / "show_configuration_commit_list"
    recorded = (folder / name).read_text().splitlines()
    device = router()
    shell = configuring(device, *BLOCK, "commit", "no object-group network ipv4 ENF-A")
    typed(shell, "commit label A-LABEL-LONGER-THAN-TEN")
    shown = last(shell, "show configuration commit list").split("\n")
    assert shown[:2] == recorded[:2]
    parse = importlib.import_module("ntc_templates.parse").parse_output
    parsed = parse("cisco_xr", "show configuration commit list", "\n".join(shown))
    assert [(row["number"], row["commit"], row["client"]) for row in parsed] == [
        ("1", "A-LABEL-LO", "CLI"),
        ("2", "1000000001", "CLI"),
    ]
    assert len(shown[2].split("CLI")[0]) == len(recorded[2].split("CLI")[0])


def test_changes_of_a_commit_are_shown() -> None:
    shell = configuring(router(), *BLOCK, "commit")
    shown = last(shell, "do show configuration commit changes last 1")
    assert "object-group network ipv4 ENF-A\n 198.51.100.9/32\n!\nend" in shown


def test_rollback_of_the_last_commits() -> None:
    device = router()
    shell = configuring(device, *BLOCK, "commit", "end")
    answer = last(shell, "rollback configuration last 1")
    assert "Configuration successfully rolled back 1 commits." in answer
    assert device.running() == CONFIGURATION
    assert device.database.commits[0].client == "Rollback"


# ---------------------------------------------------------------- failed commits


def test_a_failed_commit_changes_nothing_and_says_why_afterwards() -> None:
    device = router()
    shell = configuring(
        device, *BLOCK, "ipv4 access-list BASE", "7 deny ipv4 net-group ENF-NONE any", "root"
    )
    assert last(shell, "show configuration failed") == "% No such configuration item(s)"
    answer = last(shell, "commit")
    assert answer.startswith("\n" + FAILED + " All changes made have been reverted.")
    assert device.running() == CONFIGURATION
    assert device.database.commits == []
    failed = last(shell, "show configuration failed").split("\n")
    assert failed[0] == "!! SEMANTIC ERRORS: This configuration was rejected by "
    assert failed[-6:-2] == [
        "",
        "ipv4 access-list BASE",
        " 7 deny ipv4 net-group ENF-NONE any",
        "!!% 'ACLMGR' detected the 'warning' condition "
        "'Object-group ENF-NONE is not configured or is in use by an ACL'",
    ]
    assert failed[-2:] == ["!", "end"]
    assert "ENF-A" in last(shell, "show configuration"), "the buffer is kept until abort"
    typed(shell, "abort")
    assert last(configuring(device), "commit") == "No configuration changes to commit."


def test_the_words_of_an_atomic_failure() -> None:
    device = router()
    device.atomic = True
    device.commit_refusals.append("ERROR: Invalid ip address, please add in range 100.0.0.0/8")
    shell = configuring(device, "interface Loopback5", "ipv4 address 10.10.10.10/24")
    assert "during an atomic operation. No changes have been made." in last(shell, "commit")
    failed = last(shell, "show configuration failed if-committed")
    assert "interface Loopback5\n ipv4 address 10.10.10.10 255.255.255.0\n" in failed
    assert "!!% ERROR: Invalid ip address" in failed
    assert last(shell, "commit") == "", "the reason was for one commit"


def test_the_frame_of_a_failure_is_the_recorded_one(corpus: Path) -> None:
    recorded = corpus / "devices" / "xr" / "errors" / "commit_failed_pseudo_atomic.txt"
    device = router()
    device.compression = False
    shell = configuring(device, "int Gi0/0/0/1", "ipv4 access-group BASE ingress compress level 3")
    said = [last(shell, "commit"), last(shell, "show configuration failed")]
    wanted = [line.rstrip() for line in recorded.read_text().splitlines()]
    for line in (
        "\n".join(said)
        .replace("GigabitEthernet0/0/0/1", "HundredGigE0/7/0/2")
        .replace("BASE", "FILTER-IN")
        .split("\n")
    ):
        assert line.rstrip() in wanted


@pytest.mark.parametrize(
    "lines, reason",
    [
        (["no object-group network ipv4 RELAYS"], "RELAYS"),
        (["no ipv4 access-list BASE"], "in use by interface GigabitEthernet0/0/0/0"),
        (["no route-policy FROM-CUSTOMER"], "route-policy [FROM-CUSTOMER]"),
        (["no prefix-set CUSTOMER"], "prefix-set [CUSTOMER]"),
        (
            ["router bgp 65000", "neighbor 203.0.113.2", "address-family ipv4 unicast"]
            + ["route-policy NOSUCH in"],
            "route-policy [NOSUCH]",
        ),
    ],
)
def test_objects_in_use_and_objects_that_are_missing_fail_the_commit(
    lines: list[str], reason: str
) -> None:
    device = router()
    shell = configuring(device, *lines)
    assert FAILED in last(shell, "commit")
    failed = last(shell, "show configuration failed")
    assert f"{lines[-1]}\n!!% " in failed and reason in failed
    assert device.running() == CONFIGURATION


def test_an_unattached_policy_may_name_a_set_that_does_not_exist() -> None:
    device = router()
    shell = configuring(
        device, "route-policy ENF-P", "if destination in NOSUCH then", "drop", "endif", "end-policy"
    )
    assert last(shell, "commit") == ""
    assert "route-policy ENF-P\n  if destination in NOSUCH then\n    drop\n" in device.running()


# ---------------------------------------------------------------- other sessions


def test_commits_of_others_raise_a_question() -> None:
    device = router()
    shell = configuring(device, *BLOCK)
    device.by_hand("object-group network ipv4 OPS\n host 192.0.2.77\n")
    reply = shell.line("commit")
    assert reply.question
    assert reply.text.endswith("Do you wish to proceed with this commit anyway? [no]: ")
    assert "One or more commits have occurred from other\nconfiguration sessions" in reply.text
    shell.line("")
    assert "ENF-A" not in device.running(), "the default is no"
    shell.line("commit")
    shell.line("yes")
    assert "ENF-A" in device.running() and "OPS" in device.running()
    typed(shell, "no object-group network ipv4 ENF-A")
    assert not shell.line("commit").question, "its own commit is the newest now"


def test_the_exclusive_lock() -> None:
    device = router()
    holder = device.other_operator("clab")
    assert holder.line("configure exclusive").text == ""
    shell = session(device)
    lines = shell.line("configure exclusive").text.split("\n")
    assert lines[1].endswith("clab     Fri May 22 14:09:33 2026 *")
    assert lines[2] == (
        "Cannot enter exclusive mode. The Configuration Namespace is locked by another agent."
    )
    assert not in_configuration(shell)
    details = last(shell, "show configuration sessions detail")
    assert "Lock: Reserved" in details
    typed(shell, "configure", *BLOCK)
    assert "locked by another agent" in last(shell, "commit")
    assert device.running() == CONFIGURATION
    with pytest.raises(ValueError, match="locked by another agent"):
        device.by_hand("hostname other\n")
    typed(holder, "end")
    assert last(shell, "commit") == ""
    assert "ENF-A" in device.running()


def test_a_lost_session_leaves_its_row_without_its_lock() -> None:
    device = router()
    holder = session(device, "clab")
    typed(holder, "configure exclusive")
    holder.closed()
    shell = session(device)
    assert "Lock: None" in last(shell, "show configuration sessions detail")
    shell.line("configure exclusive")
    assert in_configuration(shell)


def test_another_operator_has_a_buffer_of_his_own() -> None:
    device = router()
    other = device.other_operator()
    typed(other, "configure", "hostname xr1-new")
    shell = configuring(device, *BLOCK)
    assert "xr1-new" not in last(shell, "show configuration")
    typed(other, "commit")
    assert device.hostname == "xr1-new" and "ENF-A" not in device.running()
    assert shell.prompt().startswith("RP/0/RP0/CPU0:xr1-new(")
