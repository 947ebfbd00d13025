# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing of the libraries leaves: each of their errors is one that drivers know."""

from __future__ import annotations

import socket

import netmiko
import paramiko
import paramiko.ssh_exception
import pytest

from drivers._ssh.algorithms import OLD, disabled
from drivers._ssh.dialect import IOS, REFUSAL, Dialect
from drivers._ssh.mapping import BUSY, mapped
from drivers._ssh.options import SshOptions
from enforcer.errors import (
    AuthenticationFailed,
    ConfigurationInvalid,
    DeviceError,
    DeviceUnreachable,
)

OPTIONS = SshOptions(device="edge7", host="192.0.2.7", username="enforcer", credentials="env:PW")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ConnectionRefusedError(111, "x"), DeviceUnreachable, "connection refused"),
        (TimeoutError(), DeviceUnreachable, "no answer in time"),
        (socket.gaierror(-2, "Name or service not known"), DeviceUnreachable, "has no address"),
        (ConnectionResetError(104, "Connection reset by peer"), DeviceUnreachable, "reset by"),
        (EOFError(), DeviceUnreachable, "was closed"),
        (paramiko.SSHException("Error reading SSH protocol banner"), DeviceUnreachable, "lines"),
        (paramiko.ProxyCommandFailure("x", "y"), DeviceUnreachable, "ProxyCommand"),
        (
            paramiko.ssh_exception.IncompatiblePeer("no acceptable ciphers"),
            DeviceUnreachable,
            "no acceptable ciphers.*legacy: yes",
        ),
        (paramiko.AuthenticationException("Authentication failed."), AuthenticationFailed, "acc"),
        (
            paramiko.AuthenticationException("Authentication timeout."),
            DeviceUnreachable,
            "Authentication timeout",
        ),
        (
            paramiko.BadAuthenticationType("Bad authentication type", ["publickey"]),
            AuthenticationFailed,
            "it takes publickey",
        ),
        (netmiko.ReadTimeout("x"), DeviceUnreachable, "x"),
        (netmiko.NetmikoTimeoutException("x"), DeviceUnreachable, "x"),
    ],
)
def test_each_error_of_theirs_is_one_of_ours(
    error: Exception, kind: type[DeviceError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught, mapped(OPTIONS, "log in to"):
        raise error
    assert type(caught.value) is kind
    assert "192.0.2.7 port 22" in str(caught.value)
    assert caught.value.__suppress_context__


def test_mistakes_of_ours_are_not_the_devices() -> None:
    with pytest.raises(KeyError), mapped(OPTIONS, "log in to"):
        raise KeyError("x")


def test_what_is_disabled_exists_and_leaves_something() -> None:
    transport = paramiko.Transport
    preferred = {kind: getattr(transport, f"_preferred_{kind}") for kind in OLD}
    for kind, names in OLD.items():
        assert set(names) < set(preferred[kind])
    assert disabled(True) == {}
    kept = {name for kind, names in preferred.items() for name in names}
    kept -= {name for names in disabled(False).values() for name in names}
    assert not [name for name in kept if "sha1" in name or "cbc" in name or "md5" in name]


@pytest.mark.parametrize(
    "said",
    [
        "% All lines busy. Try later.",
        "Connection refused",
        "Too many users logged in",
        "All VTY lines are in use",
    ],
)
def test_lines_that_are_taken(said: str) -> None:
    assert BUSY.search(said)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("% Invalid input detected at '^' marker.", True),
        ("% Incomplete command.", True),
        ("%Error opening tftp://x", True),
        ("error: configuration database modified", True),
        ("            ^\nsyntax error, expecting <command>.", True),
        ("unknown command.", True),
        ("Command authorization failed.", True),
        ("% This command is not authorized", True),
        ("% WARNING: Policy object prefix-set exists! Reconfiguring it via CLI", False),
        ("% Confirming commit for trial session.", False),
        ("Enter configuration commands, one per line.", False),
        ("description error: none", False),
    ],
)
def test_refusals(said: str, refused: bool) -> None:
    assert bool(IOS.refusal_pattern.search(said)) is refused
    assert IOS.refusal == REFUSAL


def test_a_dialect_without_a_place_for_the_name() -> None:
    with pytest.raises(ConfigurationInvalid, match="host"):
        Dialect("cisco_ios", exec_prompt="#", config_prompt="{host}#")
