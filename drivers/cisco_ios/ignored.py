# SPDX-License-Identifier: GPL-2.0-or-later
"""Which lines of a running configuration come and go with orders. Pure.

As ``show running-config`` prints them. What an order does to an interface or a BGP session as a
whole (`shutdown`) is no line of ours and stays visible.
"""

from __future__ import annotations

from enforcer.driver_api import Ignored

_BODY = r"(?:(?>(?: [^\n]*\n){1,9999}))*"
"""Any number of indented lines, in portions: Perl repeats a group 32,766 times at most."""
_REMARK = r"remark ENF-[0-9a-f]{12}[^\n]*\n"
_NUMBER = r"((?:sequence )?\d+ )"


def _section(head: str) -> str:
    """All sections in a row whose first line begins so; with the ``!`` that one too many is."""
    sections = rf"(?:^{head}[^\n]*\n{_BODY})+"
    return rf"(?<=!\n){sections}!\n|{sections}"


IGNORED = Ignored(
    (
        _section("object-group network ENF-"),
        _section("ip access-list extended ENF-"),
        _section("ipv6 access-list ENF-"),
        _section("ip prefix-list ENF-"),
        _section("ipv6 prefix-list ENF-"),
        _section("time-range ENF-"),
        _section(r"ip route [^\n]* name ENF-"),
        _section(r"ipv6 route [^\n]* name ENF-"),
        # A line of ours in a list of the operator's has the number of the remark before it.
        rf"(?:^ +{_NUMBER}{_REMARK})+(?:^ +\1deny [^\n]*\n)?",
        # Where no numbers are shown, IPv4 lines of ours name a group; IPv6 ones follow a remark.
        rf"(?:^ +{_REMARK})+(?:^ +deny [^\n]*:[^\n]*\n)?",
        r"^ +(?:\d+ )?deny [^\n]*object-group ENF-[^\n]*\n",
        r"^ +ip access-group ENF-[^\n]*\n",
        r"^ +ipv6 traffic-filter ENF-[^\n]*\n",
        r"^ +neighbor \S+ prefix-list ENF-[^\n]*\n",
    ),
    rancid=("cisco", "ios::WriteTerm"),
    oxidized=("ios", "IOS"),
)
