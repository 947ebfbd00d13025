# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose an address or a prefix is: all who own a part of it, by the longest prefix."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from enforcer.usecases.surroundings import customer_of
from tests.unit.usecases.plant import customer, files

TOPOLOGY = files(
    customer("acme", "198.51.100.0/25"),
    customer("beta", "198.51.100.128/25"),
    customer("wide", "198.51.0.0/16"),
    customer("outer", "192.0.2.0/24", "2001:db8::/32"),
    customer("inner", "192.0.2.64/26"),
)


@pytest.mark.parametrize(
    ("asked", "whose"),
    [
        ("198.51.100.0/24", "acme, beta"),
        ("198.51.100.7", "acme"),
        ("198.51.100.0/23", "acme, beta, wide"),
        ("192.0.2.0/24", "inner, outer"),
        ("192.0.2.70", "inner"),
        ("192.0.2.64/26", "inner"),
        ("192.0.2.1", "outer"),
        ("2001:db8:1::/48", "outer"),
        ("203.0.113.1", None),
    ],
)
def test_everybody_who_owns_a_part_is_named(asked: str, whose: str | None) -> None:
    assert customer_of(TOPOLOGY, ip_network(asked)) == whose


def test_a_crowd_is_counted() -> None:
    crowd = files(*(customer(f"c{n:02}", f"198.18.{n}.0/24") for n in range(12)))
    text = customer_of(crowd, ip_network("198.18.0.0/16"))
    assert text is not None
    assert text.startswith("c00, c01,")
    assert text.endswith("c09 and 2 more")
