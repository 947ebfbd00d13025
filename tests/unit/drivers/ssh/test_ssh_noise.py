# SPDX-License-Identifier: GPL-2.0-or-later
"""Syslog lines, broadcasts and times are told from output."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._ssh.noise import is_noise, noise_of, without_noise, without_timestamp

NOISE = [
    "*Mar  1 00:12:31.123: %LINEPROTO-5-UPDOWN: Line protocol on Interface Gi0/1, up",
    "Nov 12 10:11:12.345: %SYS-5-CONFIG_I: Configured from console by x on vty0 (192.0.2.9)",
    "Nov 12 2026 10:11:12 UTC: %BGP-5-ADJCHANGE: neighbor 192.0.2.1 Up ",
    "000123: *Nov 12 10:11:12.345 UTC: %SEC-6-IPACCESSLOGP: list X denied tcp",
    ".Nov 12 10:11:12.345: %SYS-6-LOGGINGHOST_STARTSTOP: Logging to host",
    "%LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to up",
    "RP/0/RP0/CPU0:Sep 30 11:05:29.949 UTC: config[65891]: %MGBL-CONFIGCLI-3-COMMIT_FAILURE : x",
    "LC/0/0/CPU0:Sep 30 11:05:29.949 : ifmgr[204]: %PKT_INFRA-LINK-3-UPDOWN : Interface x",
    "*Mar  1 00:12:31.123: something without a mnemonic",
]
OUTPUT = [
    "% Invalid input detected at '^' marker.",
    "%Error opening tftp://x",
    "% WARNING: Policy object 'x' exists!",
    "    10 permit ip any any (123 matches)",
    "*10:11:12.123 UTC Thu Nov 12 2026",
    "*>  192.0.2.0/24   192.0.2.1   0 64500 i",
    " description %LINK-3-UPDOWN: a joke",
    "Thu Nov 12 10:11:12.345 UTC",
    "edge7#",
]


@pytest.mark.parametrize("line", NOISE)
def test_syslog_lines(line: str) -> None:
    assert is_noise(line)
    assert without_noise(f"a\n{line}\nb\n{line}") == "a\nb\n"
    assert noise_of(f"a\n{line}\nb\n{line}") == (line.strip(), line.strip())
    # After a prompt that waits, on its line or on the next.
    assert without_noise(f"edge7(config)#{line}\n") == "edge7(config)#"
    assert without_noise(f"edge7#\n{line}\n") == "edge7#\n"


@pytest.mark.parametrize("line", OUTPUT)
def test_output_is_no_noise(line: str) -> None:
    assert not is_noise(line)
    assert without_noise(f"{line}\n") == f"{line}\n"
    assert noise_of(line) == ()


@given(st.lists(st.sampled_from(OUTPUT + NOISE)))
def test_only_the_noise_goes(lines: list[str]) -> None:
    kept = [line for line in lines if line in OUTPUT]
    assert without_noise("".join(f"{line}\n" for line in lines)) == "".join(
        f"{line}\n" for line in kept
    )


def test_the_broadcast_of_a_confirmed_commit_that_ran_out() -> None:
    wall = (
        "\nBroadcast Message from root@edge9\n        (no tty) at 10:11 UTC...\n\n"
        "Commit was not confirmed; automatic rollback complete.\n\n"
    )
    assert without_noise(f"line 1\n{wall}line 2\n").split() == ["line", "1", "line", "2"]


def test_the_time_is_taken_off_once() -> None:
    time = "Thu Nov 12 10:11:12.345 UTC"
    assert without_timestamp(f"\n{time}\nroute 1\n{time}\n") == f"route 1\n{time}\n"
    assert without_timestamp(f"route 1\n{time}\n") == f"route 1\n{time}\n"
    assert without_timestamp(time) == ""
    assert without_timestamp("Thursday\n") == "Thursday\n"
