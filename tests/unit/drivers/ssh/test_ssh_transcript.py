# SPDX-License-Identifier: GPL-2.0-or-later
"""A transcript keeps what was said and no secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._ssh.transcript import Transcript, masked


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0", "$1$mERr$hx5rVt7rPNoS4wqbXKX7m0"),
        ("enable secret 9 $9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7", "X.HsgL6x1"),
        ("enable password letmein", "letmein"),
        ("username admin privilege 15 password 7 0822455D0A16", "0822455D0A16"),
        ("username admin privilege 15 secret 0 plain", "plain"),
        ("snmp-server community s3cret RO 10", "s3cret"),
        ("snmp-server community 0 s3cret RO", "s3cret"),
        ("snmp-server host 192.0.2.1 version 2c s3cret", "s3cret"),
        ("snmp-server host 192.0.2.1 traps version 2c encrypted 1306", "1306"),
        (" key-string password 1306", "1306"),
        ("tacacs-server key 7 13061E010803", "13061E010803"),
        (" key 7 13061E010803", "13061E010803"),
        (" key-string 7 13061E010803", "13061E010803"),
        (" key-string 0 plain", "plain"),
        (" neighbor 192.0.2.1 password 7 13061E010803", "13061E010803"),
        (" neighbor 192.0.2.1 password plain", "plain"),
        (" ip ospf message-digest-key 1 md5 7 13061E010803", "13061E010803"),
        (" password encrypted 13061E010803", "13061E010803"),
        (" secret 10 $6$abc$defghi", "$6$abc$defghi"),
        ('set system login user x authentication encrypted-password "$6$a$b/c"', "$6$a$b/c"),
        ('encrypted-password "$6$a$b/c"; ## SECRET-DATA', "$6$a$b/c"),
        ('authentication-key "$9$abcDEF"; ## SECRET-DATA', "$9$abcDEF"),
        ("set protocols bgp group x authentication-key plain", "plain"),
        ("set snmp community s3cret authorization read-only", "s3cret"),
        ("set system tacplus-server 192.0.2.9 secret plain", "plain"),
        ("set system radius-server 192.0.2.9 secret $9$abc-d", "$9$abc-d"),
        ("snmp-server user u g v3 auth sha plain priv aes 128 other", "plain"),
        ("snmp-server user u g v3 auth sha plain priv aes 128 other", "other"),
        ('set security authentication-key-chains key-chain k key 1 secret "$9$x"', "$9$x"),
    ],
)
def test_secrets_of_configurations(line: str, secret: str) -> None:
    hidden = masked(f"interface Gi0/1\n{line}\n ip address 192.0.2.1 255.255.255.0\n")
    assert secret not in hidden and "***" in hidden
    assert hidden.startswith("interface Gi0/1\n")
    assert hidden.endswith(" ip address 192.0.2.1 255.255.255.0\n")
    assert hidden.split("\n")[1].split()[0] == line.split(maxsplit=1)[0]


@pytest.mark.parametrize(
    "line",
    [
        "deny tcp any any eq 25",
        "set policy-options community LEAK members 64500:666",
        "set policy-options prefix-list ENF-1 192.0.2.1/32",
        "ip community-list standard LEAK permit 64500:666",
        "route-map X permit 10",
        " match community LEAK",
        " remark ENF order 7",
        "crypto key generate rsa",
        "key chain LDP",
    ],
)
def test_what_is_no_secret(line: str) -> None:
    assert masked(line) == line


def test_a_private_key() -> None:
    text = "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----\nb"
    assert masked(text) == "a\n***\nb"


def test_a_told_secret_is_hidden_however_it_came() -> None:
    kept = Transcript()
    kept.received("r1>")
    kept.sent("correct horse\n")
    kept.received("echo: correct ho")
    kept.received("rse!\r\n")
    kept.hide("correct horse")
    kept.hide("")
    assert kept.text() == "r1>> ***\necho: ***!\n"
    assert kept.clean("said correct horse") == "said ***"


@given(st.lists(st.text("ab\n", max_size=40), max_size=40))
def test_it_is_bounded_and_keeps_the_newest(pieces: list[str]) -> None:
    kept = Transcript(limit=50)
    for piece in pieces:
        kept.received(piece)
    whole, said = "".join(pieces), kept.text()
    if len(whole) <= 50:
        assert said == whole
    else:
        assert said.startswith("...\n") and len(said) <= 54
        assert whole.endswith(said.removeprefix("...\n"))
