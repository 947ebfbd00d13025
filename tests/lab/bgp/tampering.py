# SPDX-License-Identifier: GPL-2.0-or-later
"""What an operator does by hand to what the orders wrote on an edge."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab.bgp import BIRD, LEAKY, Edge
from lab.inside import current

INCLUDE = "/etc/bird/enforcer.conf"
STUB = "/lab/bgp/enforcer.conf"


def vtysh(edge: Edge, *lines: str) -> str:
    """Commands of FRR, in one session."""
    words = [word for line in lines for word in ("-c", line)]
    return current().run(edge.node, "vtysh", *words).stdout


def birdc(node: str, *words: str) -> str:
    """One command of BIRD."""
    return current().run(node, "birdc", *words).stdout


def detach(edge: Edge) -> None:
    """The filter is no longer applied to the customer's IPv4 session: his own is again."""
    if edge is BIRD:
        current().run(edge.node, "cp", STUB, INCLUDE)
        birdc(edge.node, "configure")
        return
    assert attached(edge), "nothing of ours is attached"
    neighbor = edge.neighbors[0]
    vtysh(
        *(edge, "configure terminal", "router bgp 64500", "address-family ipv4 unicast"),
        f"neighbor {neighbor} route-map CUSTOMER-IN in",
    )


def open_up(edge: Edge) -> None:
    """The filter stays where it is, and lets everything through."""
    if edge is BIRD:
        file = current().path(edge.node, INCLUDE)
        text = file.read_text(encoding="utf-8")
        opened = text.replace("return true;", "return false;")
        assert opened != text, "nothing of ours is in the include file"
        file.write_text(opened, encoding="utf-8")
        birdc(edge.node, "configure")
        return
    # What is let through must carry the operator's community, or he does not pass it on.
    vtysh(edge, "configure terminal", f"route-map {attached(edge)} permit 1", "call CUSTOMER-IN")


def attached(edge: Edge) -> str:
    """The name of our route-map at the customer's IPv4 session of the FRR edge; "": none."""
    running = vtysh(edge, "show running-config")
    found = re.search(rf"neighbor {edge.neighbors[0]} route-map (ENF-\S+) in", running)
    return found[1] if found else ""


def operators_own(edge: Edge) -> str:
    """The whole configuration as the daemon holds it, to be compared byte for byte."""
    if edge is BIRD:
        return str(current().path(edge.node, "/etc/bird/bird.conf").read_text(encoding="utf-8"))
    return vtysh(edge, "show running-config")


def last_error(edge: Edge, family: int = 4) -> str:
    """What the customer's router says of how its session with an edge ended, the message too."""
    shown = birdc(LEAKY, "show", "protocols", "all", edge.session(family))
    return "\n".join(re.findall(r"(?:Last error|Message): +(.*)", shown))


TAMPERINGS: dict[str, Callable[[Edge], None]] = {"detached": detach, "opened": open_up}
