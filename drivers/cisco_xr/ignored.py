# SPDX-License-Identifier: GPL-2.0-or-later
"""Which lines of a running configuration come and go with orders. Pure.

As ``show running-config`` prints them. A neighbor's policy that ours stands before is named in
ours alone, so that the line which binds ours stays visible there; so does `shutdown`.
"""

from __future__ import annotations

from drivers.cisco_xr.names import INHERITED, NONE, ROUTE_WORD
from enforcer.driver_api import Ignored

_BODY = r"(?:(?>(?: [^\n]*\n){1,9999}))*"
"""Any number of indented lines, in portions: Perl repeats a group 32,766 times at most."""
_ROUTE = rf"\S+ Null0 [^\n]*description {ROUTE_WORD}\n"
_FAMILY = rf" address-family ipv[46] unicast\n(?:  {_ROUTE})+ !\n"

IGNORED = Ignored(
    (
        rf"^object-group network ipv[46] ENF-[^\n]*\n{_BODY}!\n",
        rf"^ipv[46] access-list ENF-[^\n]*\n{_BODY}!\n",
        rf"^prefix-set ENF-[^\n]*\n{_BODY}end-set\n(?:!\n)?",
        rf"^route-policy ENF-[^\n]*\n{_BODY}end-policy\n(?:!\n)?",
        rf"^router static\n(?:{_FAMILY})+!\n",
        rf"^{_FAMILY}",
        rf"^  {_ROUTE}",
        r"^ \d+ deny [^\n]*net-group ENF-[^\n]*\n",
        r"^ +ipv[46] access-group ENF-[^\n]*\n",
        rf"^ +route-policy ENF-[0-9a-f]{{12}}-[{INHERITED}{NONE}] (?:in|out)\n",
    ),
    rancid=("cisco-xr", "iosxr::WriteTerm"),
    oxidized=("iosxr", "IOSXR"),
)
