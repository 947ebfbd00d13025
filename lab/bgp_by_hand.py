# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemons' own floor: the filter that an order would make, as a person types it.

Beside an operator's configuration and without a controller. What it does is what a driver's work
is compared with.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lab.bgp import BIRD, Edge
from lab.errors import LabCommandFailed
from lab.inside import current

CHUNK = 10
"""Entries of one FRR prefix-list: the time that an entry takes grows with its list."""
_INCLUDE = "/etc/bird/enforcer.conf"
_STUB = "/lab/bgp/enforcer.conf"


@contextmanager
def rejecting(edge: Edge, prefixes: Sequence[str], chunk: int = CHUNK) -> Iterator[None]:
    """Rejects exactly these IPv4 prefixes from the customer; afterwards no more.

    Raises:
        LabCommandFailed: the daemon refused.
    """
    reject(edge, prefixes, chunk)
    try:
        yield
    finally:
        accept(edge)


def reject(edge: Edge, prefixes: Sequence[str], chunk: int = CHUNK) -> None:
    """The same, for good. `chunk`: entries of one prefix-list."""
    if edge is BIRD:
        _bird(edge, _bird_file(prefixes))
    else:
        _vtysh(edge, _frr_lines(edge, prefixes, chunk))


def reject_but(edge: Edge, kept: str) -> None:
    """Rejects every IPv4 route from the customer that is not inside one prefix, for good."""
    if edge is BIRD:
        _bird(edge, _with_function(f"define HAND = [ {kept}+ ];\n", "return net !~ HAND;"))
        return
    lines = [f"ip prefix-list HAND1 seq 1 permit {kept} le 32"]
    lines += ["route-map HAND permit 1", "match ip address prefix-list HAND1"]
    _vtysh(edge, [*lines, "call CUSTOMER-IN", "exit", *_attached(edge)])


def accept(edge: Edge) -> None:
    """Rejects nothing any more."""
    if edge is BIRD:
        _bird(edge, current().run(edge.node, "cat", _STUB).stdout)
        return
    running = current().run(edge.node, "vtysh", "-d", "bgpd", "-c", "show running-config").stdout
    lists = {
        line.split()[2] for line in running.splitlines() if line.startswith("ip prefix-list HAND")
    }
    lines = ["router bgp 64500", "address-family ipv4 unicast"]
    lines += [f"neighbor {edge.neighbors[0]} route-map CUSTOMER-IN in", "exit", "exit"]
    lines += ["no route-map HAND", *(f"no ip prefix-list {name}" for name in sorted(lists))]
    _vtysh(edge, lines)


def _frr_lines(edge: Edge, prefixes: Sequence[str], chunk: int) -> list[str]:
    lines: list[str] = []
    for number, begin in enumerate(range(0, len(prefixes), chunk), start=1):
        name = f"HAND{number}"
        lines += [
            f"ip prefix-list {name} seq {seq} permit {prefix}"
            for seq, prefix in enumerate(prefixes[begin : begin + chunk], start=1)
        ]
        lines += [f"route-map HAND deny {number}", f"match ip address prefix-list {name}", "exit"]
    lines += ["route-map HAND permit 65000", "call CUSTOMER-IN", "exit"]
    return [*lines, *_attached(edge)]


def _attached(edge: Edge) -> list[str]:
    lines = ["router bgp 64500", "address-family ipv4 unicast"]
    return [*lines, f"neighbor {edge.neighbors[0]} route-map HAND in", "exit", "exit"]


def _vtysh(edge: Edge, lines: Sequence[str]) -> None:
    file = current().path(edge.node, "/run/frr/by-hand.conf")
    file.write_text("\n".join([*lines, ""]), encoding="ascii")
    said = current().run(
        edge.node, "vtysh", "-d", "bgpd", "-f", "/run/frr/by-hand.conf", timeout=600
    )
    if "% " in said.stdout:
        raise LabCommandFailed(f"{edge.node}: vtysh: {said.stdout.strip()[:500]}")


def _bird_file(prefixes: Sequence[str]) -> str:
    body = ",\n".join(prefixes)
    return _with_function(f"define HAND = [\n{body}\n];\n", "return net ~ HAND;")


def _with_function(before: str, body: str) -> str:
    """The include file with another function for the customer's IPv4 session."""
    stub = current().path(BIRD.node, _STUB).read_text(encoding="ascii")
    name = f"function enf_in_{BIRD.neighbors[0].replace('.', '_')}()"
    empty = f"{name}\n{{\n  return false;\n}}\n"
    return before + stub.replace(empty, f"{name}\n{{\n  {body}\n}}\n")


def _bird(edge: Edge, text: str) -> None:
    current().path(edge.node, _INCLUDE).write_text(text, encoding="ascii")
    said = current().run(edge.node, "birdc", "configure", timeout=120).stdout
    if "Reconfigur" not in said:
        raise LabCommandFailed(f"{edge.node}: birdc configure: {said}")
