# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of order as a case: what it must stop, and what it must let pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_network

from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    PortRange,
    Selection,
    SuspendCustomer,
)
from lab.isp import (
    CUST1,
    CUST1_PREFIXES,
    CUST2,
    GARDEN,
    MAILSINK,
    NEWS,
    RELAY,
    RESOLVER,
    THIRD,
    VICTIM,
    Addresses,
)
from lab.probes import Probe, fragments, icmp, protocol, tcp, udp
from tests.lab.enforcement.crossings import Crossing, crossing

TCP, UDP, ICMP, GRE = 6, 17, 1, 47
ESSENTIALS = Selection(service_sets=("essentials",))
PICKS: dict[str, Callable[[Addresses], str]] = {"v4": lambda a: a.v4, "v6": lambda a: a.v6}
CUST1_ALL = Selection(customers=("cust1",))


@dataclass(frozen=True)
class Case:
    """An order, the packets that it must stop, and those that it must not."""

    name: str
    demand: Demand
    stops: tuple[Crossing, ...]
    spares: tuple[Crossing, ...]

    def __str__(self) -> str:
        return self.name


def at(*prefixes: str) -> Selection:
    """A selection of prefixes."""
    return Selection(prefixes=tuple(ip_network(prefix) for prefix in prefixes))


def everything(src: str, dst: str) -> tuple[Probe, ...]:
    """One packet of every sort."""
    return (
        udp(src, dst, 53),
        tcp(src, dst, 25),
        tcp(src, dst, 443, flags="A"),
        icmp(src, dst),
        protocol(src, dst, GRE),
        *fragments(src, dst, 53),
    )


def both(host: str, other: str, far: str = "victim") -> tuple[Crossing, Crossing]:
    """All sorts of packets between an address of cust1 and a node beyond the border."""
    return (
        crossing("cust1", far, *everything(host, other)),
        crossing(far, "cust1", *everything(other, host)),
    )


def pair(pick: Callable[[Addresses], str], host: int) -> tuple[str, str, str]:
    """An address of cust1, another one, and the victim, of the family that `pick` picks."""
    more = CUST1.more4 if pick(CUST1) == CUST1.v4 else CUST1.more6
    return more[host], more[1 - host], pick(VICTIM)


def _addresses() -> Iterator[Case]:
    for family, pick in PICKS.items():
        host, other, victim = pair(pick, 0)
        out, back = both(host, victim)
        spared = both(other, victim)
        for direction, stops, spares in (
            (Direction.FROM, (out,), (back,)),
            (Direction.TO, (back,), (out,)),
            (Direction.BOTH, (out, back), ()),
        ):
            demand = BlockAddress(ip_network(host), direction)
            name = f"address {direction} {family}"
            yield Case(name, demand, stops, (*spares, *spared))
    inside, outside = ("198.51.100.33", "2001:db8:101:5::77"), ("198.51.100.48", CUST1.v6)
    for prefix, hit, missed, victim in (
        ("198.51.100.32/28", inside[0], outside[0], VICTIM.v4),
        ("2001:db8:101:5::/64", inside[1], outside[1], VICTIM.v6),
    ):
        demand = BlockAddress(ip_network(prefix))
        yield Case(f"prefix {prefix}", demand, both(hit, victim), both(missed, victim))
    for third, customer in ((THIRD.v4, CUST1.v4), (THIRD.v6, CUST1.v6)):
        demand = BlockAddress(ip_network(third))
        other = "9.9.9.9" if "." in third else "2620:fe::9"
        yield Case(
            f"third party {third}",
            demand,
            both(customer, third, "third"),
            both(customer, other, "third"),
        )


def _ports() -> Iterator[Case]:
    for family, pick in PICKS.items():
        host, sink, relay = pick(CUST1), pick(MAILSINK), pick(RELAY)
        demand = BlockPort(
            CUST1_ALL, (TCP,), (PortRange(25, 25),), exceptions=Selection(service_sets=("relay",))
        )
        yield Case(
            f"port 25 from a customer but to the relay {family}",
            demand,
            (crossing("cust1", "mailsink", tcp(host, sink, 25), tcp(host, sink, 25, flags="A")),),
            (
                crossing("cust1", "mailsink", tcp(host, sink, 26), udp(host, sink, 25)),
                crossing("cust1", "relay", tcp(host, relay, 25), tcp(host, relay, 587)),
                crossing("mailsink", "cust1", tcp(sink, host, 25)),
                crossing("cust2", "mailsink", tcp(pick(CUST2), sink, 25)),
            ),
        )
        yield Case(
            f"port to a server {family}",
            BlockPort(at(host), (TCP,), (PortRange(80, 80),), Direction.TO),
            (crossing("mailsink", "cust1", tcp(sink, host, 80), tcp(sink, host, 80, flags="A")),),
            (
                crossing("mailsink", "cust1", tcp(sink, host, 443), tcp(sink, host, 50000, 80)),
                crossing("cust1", "mailsink", tcp(host, sink, 80), tcp(host, sink, 50000, 80)),
            ),
        )
        first, later = fragments(host, sink, 53)
        yield Case(
            f"ports both ways, ranges, fragments {family}",
            BlockPort(at(host), (UDP,), (PortRange(53, 53), PortRange(6000, 6010)), Direction.BOTH),
            (
                crossing("cust1", "mailsink", udp(host, sink, 6000), udp(host, sink, 6010), first),
                crossing("mailsink", "cust1", udp(sink, host, 53), udp(sink, host, 6005)),
            ),
            (
                crossing("cust1", "mailsink", udp(host, sink, 5999), udp(host, sink, 6011), later),
                crossing("mailsink", "cust1", udp(sink, host, 40000, 53), tcp(sink, host, 53)),
            ),
        )
        yield Case(
            f"a protocol without ports {family}",
            BlockPort(at(host), (ICMP,), (), Direction.FROM),
            (crossing("cust1", "victim", icmp(host, pick(VICTIM))),),
            (
                crossing("victim", "cust1", icmp(pick(VICTIM), host)),
                crossing("cust1", "victim", udp(host, pick(VICTIM), 53)),
            ),
        )


def _flows() -> Iterator[Case]:
    for family, pick in PICKS.items():
        host, victim, third = pick(CUST1), pick(VICTIM), pick(THIRD)
        yield Case(
            f"flow of ICMP and GRE {family}",
            BlockFlow(CUST1_ALL, at(victim), (ICMP, GRE), direction=Direction.BOTH),
            (
                crossing("cust1", "victim", icmp(host, victim), protocol(host, victim, GRE)),
                crossing("victim", "cust1", icmp(victim, host), protocol(victim, host, GRE)),
            ),
            (
                crossing("cust1", "victim", udp(host, victim, 53), protocol(host, victim, 50)),
                crossing("cust1", "third", icmp(host, third), protocol(host, third, GRE)),
            ),
        )
        yield Case(
            f"flow of two protocols to ports {family}",
            BlockFlow(at(host), at(victim), (TCP, UDP), (PortRange(53, 53), PortRange(853, 853))),
            (
                crossing(
                    "cust1", "victim", udp(host, victim, 53), tcp(host, victim, 53),
                    tcp(host, victim, 853),
                ),
            ),
            (
                crossing("cust1", "victim", udp(host, victim, 54), icmp(host, victim)),
                crossing("victim", "cust1", udp(victim, host, 40000, 53)),
                crossing("cust1", "third", udp(host, third, 53)),
            ),
        )  # fmt: skip
        relay = pick(RELAY)
        yield Case(
            f"flow to a service set {family}",
            BlockFlow(CUST1_ALL, Selection(service_sets=("relay",))),
            (crossing("cust1", "relay", tcp(host, relay, 25), tcp(host, relay, 587)),),
            (crossing("cust1", "relay", tcp(host, relay, 80), udp(host, relay, 25)),),
        )


def _feeds() -> Iterator[Case]:
    for family, pick in PICKS.items():
        host, victim, news = pick(CUST2), pick(VICTIM), pick(NEWS)
        yield Case(
            f"cut feed {family}",
            CutFeed("cust2"),
            (
                crossing("cust2", "news", *(tcp(host, news, port) for port in (119, 433, 563))),
                crossing("cust2", "news", tcp(host, news, 40000, 119, "A")),
                crossing("news", "cust2", tcp(news, host, 119), tcp(news, host, 40000, 119, "A")),
            ),
            (
                crossing("cust2", "news", tcp(host, news, 80), udp(host, news, 119)),
                crossing("cust2", "victim", tcp(host, victim, 119)),
                crossing("cust1", "news", tcp(pick(CUST1), news, 119)),
            ),
        )


def _suspended() -> Iterator[Case]:
    for family, pick in PICKS.items():
        host, victim, resolver, garden = (pick(one) for one in (CUST2, VICTIM, RESOLVER, GARDEN))
        dhcp = 67 if family == "v4" else 547
        kept = (
            crossing("cust2", "relay", udp(host, resolver, 53), udp(host, resolver, dhcp)),
            crossing("cust2", "relay", tcp(host, garden, 80), tcp(host, garden, 443, flags="A")),
            crossing("relay", "cust2", udp(resolver, host, 40000, 53), tcp(garden, host, 4, 80)),
            crossing("cust1", "victim", udp(pick(CUST1), victim, 53)),
        )
        stops = (
            crossing("cust2", "victim", *everything(host, victim)),
            crossing("victim", "cust2", *everything(victim, host)),
            crossing("cust2", "relay", tcp(host, garden, 81), icmp(host, garden)),
            crossing("cust2", "cust1", udp(host, pick(CUST1), 53)),
        )
        spoofed = crossing("cust2", "victim", udp(pair(pick, 0)[0], victim, 53))
        by_prefixes = SuspendCustomer("cust2", ESSENTIALS)
        by_interface = SuspendCustomer("cust2", ESSENTIALS, by="interface")
        yield Case(f"suspended by prefixes {family}", by_prefixes, stops, (*kept, spoofed))
        yield Case(f"suspended by interface {family}", by_interface, (*stops, spoofed), kept)


def _excepted() -> Iterator[Case]:
    host, victim, relay = CUST1.more4[0], VICTIM.v4, RELAY.v4
    later = fragments(host, relay, 25)[1]
    yield Case(
        "an exception with ports is none for what has no ports",
        BlockAddress(ip_network(host), exceptions=Selection(service_sets=("relay",))),
        (
            crossing("cust1", "victim", *everything(host, victim)),
            crossing("cust1", "relay", later, icmp(host, relay), tcp(host, relay, 80)),
        ),
        (
            crossing("cust1", "relay", tcp(host, relay, 25)),
            crossing("relay", "cust1", tcp(relay, host, 40000, 25, "A")),
        ),
    )
    prefixes = tuple(ip_network(prefix) for prefix in CUST1_PREFIXES)
    yield Case(
        "several exceptions",
        BlockPort(
            Selection(prefixes=prefixes),
            (UDP,),
            (PortRange(0, 65535),),
            exceptions=Selection((ip_network(VICTIM.v4),), ("cust2",), ("essentials",)),
        ),
        (crossing("cust1", "third", udp(CUST1.v4, THIRD.v4, 53), udp(CUST1.v4, "8.8.8.8", 0)),),
        (
            crossing("cust1", "victim", udp(CUST1.v4, VICTIM.v4, 53)),
            crossing("cust1", "cust2", udp(CUST1.v4, CUST2.v4, 53), udp(CUST1.v6, CUST2.v6, 9)),
            crossing("cust1", "relay", udp(CUST1.v4, RESOLVER.v4, 53)),
        ),
    )


CASES = [*_addresses(), *_ports(), *_flows(), *_feeds(), *_suspended(), *_excepted()]
