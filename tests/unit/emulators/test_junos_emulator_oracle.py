# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: random filters answer as a few lines of plain Python say."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from lab.emulators.juniper_junos import Router
from lab.emulators.packets import TCP, UDP, Packet

FIRST = int(IPv4Address("10.0.0.0"))  # sixteen addresses, so that random prefixes meet
BLOCKS = [(start, size) for size in (16, 8, 4, 1) for start in range(0, 16, size)]
PORTS = (22, 25, 80)


@dataclass(frozen=True)
class Term:
    """`blocks`: (first address, size, exception); empty conditions are absent ones."""

    blocks: tuple[tuple[int, int, bool], ...]
    protocols: tuple[int, ...]
    ports: tuple[int, ...]
    action: str

    def matches(self, address: int, protocol: int, port: int) -> bool:
        """Whether it applies, the smallest block around the address deciding."""
        around = sorted(
            (size, excepted) for at, size, excepted in self.blocks if at <= address < at + size
        )
        if self.blocks and (not around or around[0][1]):
            return False
        if self.protocols and protocol not in self.protocols:
            return False
        return not self.ports or port in self.ports


def distinct(blocks: list[tuple[tuple[int, int], bool]]) -> tuple[tuple[int, int, bool], ...]:
    return tuple((at, size, excepted) for (at, size), excepted in dict(blocks).items())


terms = st.builds(
    Term,
    st.lists(st.tuples(st.sampled_from(BLOCKS), st.booleans()), max_size=4).map(distinct),
    st.lists(st.sampled_from((TCP, UDP)), max_size=1).map(tuple),
    st.lists(st.sampled_from(PORTS), max_size=2, unique=True).map(tuple),
    st.sampled_from(("accept", "discard", "reject", "next term", "")),
)
filters = st.lists(terms, min_size=1, max_size=4)


def decided(chain: list[list[Term]], address: int, protocol: int, port: int) -> bool:
    """What the filters of a list, one behind the other, do; nothing decided: discard."""
    for term in (term for one in chain for term in one):
        if term.action != "next term" and term.matches(address, protocol, port):
            return term.action in ("accept", "")
    return False


def lines(name: str, terms_of_it: list[Term]) -> list[str]:
    text: list[str] = []
    for number, term in enumerate(terms_of_it):
        path = f"set firewall family inet filter {name} term t{number}"
        for at, size, excepted in term.blocks:
            prefix = f"{IPv4Address(FIRST + at)}/{33 - size.bit_length()}"
            text.append(f"{path} from source-address {prefix}{' except' * excepted}")
        text += [f"{path} from protocol {protocol}" for protocol in term.protocols]
        text += [f"{path} from destination-port {port}" for port in term.ports]
        text.append(f"{path} then count c{number}")
        text += [f"{path} then {term.action}"] if term.action else []
    return text


@given(st.lists(filters, min_size=1, max_size=3))
def test_a_list_of_filters_answers_as_its_terms_say(chain: list[list[Term]]) -> None:
    router = Router()
    names = [f"F{number}" for number in range(len(chain))]
    text = [line for name, one in zip(names, chain, strict=True) for line in lines(name, one)]
    unit = "set interfaces ge-0/0/0 unit 0 family inet filter"
    router.load("\n".join([*text, f"{unit} input-list [ {' '.join(names)} ]"]))
    for address in range(16):
        for protocol in (TCP, UDP):
            for port in PORTS:
                packet = Packet(
                    IPv4Address(FIRST + address), IPv4Address("192.0.2.1"), protocol, 40000, port
                )
                expected = decided(chain, address, protocol, port)
                assert router.would_pass(packet, "ge-0/0/0", "in") is expected
