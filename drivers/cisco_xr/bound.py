# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of the operator's lists may have lines of ours. Pure."""

from __future__ import annotations

from collections.abc import Collection

from drivers.cisco_xr.model import Box


def unusable(box: Box, family: int, name: str, managed: Collection[str]) -> str:
    """Why nothing of ours may be put into a bound list of the operator's, "" it may.

    `managed`: interfaces that carry management.
    """
    if not any(not line.ours for line in box.acls.get((family, name), ())):
        return (
            "it is bound but has no line, so that everything passes: the first line of ours would"
            " end that; give it a line, or unbind it"
        )
    for interface, port in sorted(box.ports.items()):
        if not (interface in managed or interface.startswith("MgmtEth")):
            continue
        if name in {bound for (f, _), bound in port.acls.items() if f == family}:
            return f"it is bound to {interface} too, which carries management: bind a copy there"
    return ""
