# SPDX-License-Identifier: GPL-2.0-or-later
"""What may stand in a transport over SSH."""

from __future__ import annotations

from base64 import b64encode

import pytest

from drivers._ssh.options import KEYS, SshOptions
from enforcer.core.boxes import OPTIONS, box_of
from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid

TYPE = b"ssh-ed25519"
BLOB = len(TYPE).to_bytes(4, "big") + TYPE + (32).to_bytes(4, "big") + bytes(range(32))
KEY = f"ssh-ed25519 {b64encode(BLOB).decode()}"


def of(credentials: str = "env:PW", **transport: str) -> SshOptions:
    given = {"host": "192.0.2.7", "username": "enforcer", **transport}
    transport = {key: value for key, value in given.items() if value != "-"}
    device = Device("edge7", "cisco_ios", transport=transport, credentials=credentials)
    return SshOptions.of(device, frozenset({"archive"}))


def test_what_is_not_said() -> None:
    assert of() == SshOptions(
        device="edge7", host="192.0.2.7", username="enforcer", credentials="env:PW"
    )
    assert (of().port, of().agent, of().legacy, of().timeout) == (22, False, False, 20.0)


def test_all_that_can_be_said() -> None:
    made = of(
        port="2222",
        username="-",
        user="somebody",
        host_key=f"{KEY} a comment",
        ssh_config="~/.ssh/config",
        key_file="keys/edge7",
        agent="yes",
        legacy="yes",
        timeout="7.5",
        enable="file:enable",
        archive="yes",
    )
    assert made == SshOptions(
        device="edge7",
        host="192.0.2.7",
        port=2222,
        username="somebody",
        host_key=KEY,
        ssh_config="~/.ssh/config",
        key_file="keys/edge7",
        agent=True,
        legacy=True,
        timeout=7.5,
        credentials="env:PW",
        enable="file:enable",
    )


@pytest.mark.parametrize(
    ("transport", "message"),
    [
        ({"host": "-"}, "no host"),
        ({"known_host": "x"}, "known_host, which.*did you mean known_hosts?"),
        ({"archiv": "x"}, "did you mean archive?"),
        ({"port": "0"}, "transport.port is '0'"),
        ({"port": "65536"}, "transport.port"),
        ({"port": "²"}, "transport.port"),
        ({"user": "other"}, "two users"),
        ({"username": "-"}, "no username"),
        ({"agent": "true"}, "transport.agent is 'true': say yes or no"),
        ({"legacy": ""}, "transport.legacy"),
        ({"timeout": "0"}, "transport.timeout"),
        ({"timeout": "nan"}, "transport.timeout"),
        ({"timeout": "1000"}, "transport.timeout"),
        ({"timeout": "soon"}, "transport.timeout"),
        ({"host_key": "ssh-rsa AAAA"}, "host_key is no public key"),
        ({"host_key": KEY, "known_hosts": "known"}, "keep the one that counts"),
    ],
)
def test_what_cannot_be_said(transport: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=f"^edge7: .*{message}"):
        of(**transport)


def test_some_way_in_is_needed() -> None:
    with pytest.raises(ConfigurationInvalid, match="nothing says how to log in"):
        of(credentials="")
    for way in ({"key_file": "k"}, {"agent": "yes"}, {"ssh_config": "c", "username": "-"}):
        assert of(credentials="", **way).host == "192.0.2.7"


def test_only_host_and_port_name_the_box() -> None:
    assert {"host", "port"} == KEYS - OPTIONS
    here = {"host": "Edge7.example.net.", "key_file": "k", "legacy": "yes"}
    again = {"host": "edge7.example.net", "port": "22", "enable": "env:E"}
    assert box_of("cisco_ios", here) == box_of("cisco_ios", again)
    assert box_of("cisco_ios", here) != box_of("cisco_ios", {**again, "port": "2222"})
    assert box_of("nftables", {"port": "22"}) is not None
