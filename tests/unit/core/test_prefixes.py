# SPDX-License-Identifier: GPL-2.0-or-later
import contextlib
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enforcer.core.orders import Network
from enforcer.core.prefixes import format_network, parse_network, shown
from enforcer.errors import InvalidInput

networks = st.one_of(
    st.builds(
        lambda a, n: IPv4Network((a, n), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    st.builds(
        lambda a, n: IPv6Network((a, n), strict=False),
        st.integers(0, 2**128 - 1).filter(lambda a: a >> 32 != 0xFFFF),
        st.integers(0, 128),
    ),
)


@pytest.mark.parametrize(
    "text, network",
    [
        ("192.0.2.1", "192.0.2.1/32"),
        (" 192.0.2.0/24\n", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8::1", "2001:db8::1/128"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::/0", "::/0"),
    ],
)
def test_accepted(text: str, network: str) -> None:
    assert parse_network(text) == ip_network(network)


@pytest.mark.parametrize(
    "text, parts",
    [
        ("", ["is not an address"]),
        ("192.0.2.5/24", ["host bits", "write 192.0.2.5 for", "or 192.0.2.0/24 for"]),
        ("2001:db8::5/64", ["host bits", "write 2001:db8::5 for", "or 2001:db8::/64 for"]),
        ("::ffff:192.0.2.1", ["IPv4-mapped", "192.0.2.1"]),
        ("::ffff:c000:201", ["IPv4-mapped", "192.0.2.1"]),
        ("::ffff:192.0.2.0/120", ["IPv4-mapped", "192.0.2.0/24"]),
        ("::ffff:0:0/96", ["IPv4-mapped", "0.0.0.0/0"]),
        ("fe80::1%eth0", ["scope id", "write fe80::1 without"]),
        ("192.0.2.0/255.255.255.0", ["netmask", "192.0.2.0/24"]),
        ("192.0.2.0/255.0.255.0", ["netmask", "192.0.2.0/LENGTH"]),
        ("2001:db8::/ffff::", ["netmask", "2001:db8::/LENGTH"]),
        ("192.0.2.0/33", ["from 0 to 32"]),
        ("192.0.2.0/", ["from 0 to 32"]),
        ("192.0.2.0/024", ["from 0 to 32"]),
        ("192.0.2.0/-1", ["from 0 to 32"]),
        ("192.0.2.0/24/24", ["from 0 to 32"]),
        ("2001:db8::/129", ["from 0 to 128"]),
        ("192.0.2", ["incomplete", "four numbers"]),
        ("10/8", ["incomplete"]),
        ("3232235777", ["incomplete"]),
        ("192.0.2.01", ["without leading zeros"]),
        ("192.0.2.256", ["0 to 255"]),
        ("192.0.2.1:80", ["port"]),
        ("[2001:db8::1]:80", ["port"]),
        ("192.0.2.1-192.0.2.9", ["range"]),
        ("mail.example.net", ["name", "not resolved"]),
        ("2001:db8:::1", ["is not an IPv4 or IPv6 address"]),
        ("١٩٢.0.2.1", ["is not an IPv4 or IPv6 address"]),
        ("192.0.2.0/٢٤", ["from 0 to 32"]),
        ("192.0.2.1\n192.0.2.2", ["is not an IPv4 or IPv6 address"]),
    ],
)
def test_refused_with_a_way_out(text: str, parts: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_network(text)
    for part in parts:
        assert part in str(refusal.value)


@given(networks)
def test_what_is_formatted_is_read_back(network: Network) -> None:
    assert parse_network(format_network(network)) == network
    assert parse_network(str(network)) == network


@given(st.text(alphabet="0123456789abcdef.:/%-ff \x00é", max_size=30))
@example("::ffff:1.2.3.4/0")
@example("/")
@example("1.2.3.4/1.2.3.4/1")
def test_only_our_error_and_never_another_network(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert parse_network(text) == ip_network(text.strip(), strict=True)


def test_messages_show_hostile_text_tamed() -> None:
    assert shown("a\x1b[31mb") == "a\ufffd[31mb"
    assert len(shown("x" * 1000)) == 60
