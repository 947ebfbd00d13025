# SPDX-License-Identifier: GPL-2.0-or-later
"""Logins that prove a change have a lane of their own; how many others there are is configured."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from drivers._ssh.dialect import IOS
from drivers._ssh.errors import NoPlace
from drivers._ssh.gate import Gate
from drivers._ssh.reachability import can_log_in
from drivers._ssh.terminal import Terminal
from enforcer.clock import SystemClock
from tests.cli_stub import Stub
from tests.integration.test_ssh_terminal import Secrets, options, stub

__all__ = ["stub"]


class Hasty(SystemClock):
    """One for which all waiting is over at once."""

    def __init__(self) -> None:
        self.waits = 0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """See `Clock`."""
        self.waits += 1
        return event.is_set()


def test_a_proof_that_found_no_place_says_nothing_about_the_device(
    stub: Stub,
) -> None:
    gate, hasty = Gate(per_device=1), Hasty()
    given = options(stub)
    give = gate.enter("edge7", ("127.0.0.1", stub.port, ""), 0.0, hasty)
    said = can_log_in(given, Secrets(), IOS, hasty, gate=gate)
    assert said.startswith("the login that was to prove it was not tried")
    assert (stub.sessions, hasty.waits) == (0, 2), "it was tried once more"
    give()
    assert can_log_in(given, Secrets(), IOS, hasty, gate=gate) == ""
    gone = can_log_in(replace(given, port=1), Secrets(), IOS, hasty, gate=gate)
    assert gone.startswith("it cannot be logged in to any more: ")


def test_a_proof_does_not_wait_for_ordinary_logins(stub: Stub) -> None:
    gate, hasty = Gate(logins=2), Hasty()
    with gate.login("edge8", 0.0, hasty):
        with pytest.raises(NoPlace, match="logins to other devices"):
            Terminal.open("edge7", options(stub), Secrets(), IOS, hasty, gate=gate)
        assert can_log_in(options(stub), Secrets(), IOS, hasty, gate=gate) == ""


class Capped(Secrets):
    """Secrets of an installation that says how many logins there may be at once."""

    logins = 2


def test_the_installation_says_how_many_logins_there_may_be_at_once(stub: Stub) -> None:
    gate, hasty = Gate(logins=100), Hasty()
    Terminal.open("edge7", options(stub), Capped(), IOS, hasty, gate=gate).close()
    with gate.login("edge8", 0.0, hasty), pytest.raises(NoPlace, match="2 logins"):
        Terminal.open("edge7", options(stub), Capped(), IOS, hasty, gate=gate)
