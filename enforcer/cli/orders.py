# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer order block-… | suspend-customer | cut-feed``: the orders that can be placed."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from enforcer.cli.options import (
    CustomerArgument,
    DirectionOption,
    ListArgument,
    PortOption,
    ProtocolOption,
    RouteTerms,
    Terms,
)
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.core.orders import Direction, SuspendBy
from enforcer.errors import InvalidInput

orders = typer.Typer(help="Place orders, look at them, change when they end.", no_args_is_help=True)


@command(orders, "block-address")
def block_address(
    session: Session,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="An address or a prefix.")],
    terms: Terms,
    direction: DirectionOption = Direction.BOTH,
) -> int:
    """Drop everything from and to an address or a prefix.

    Without --device, --role or --site it is enforced where the address is
    attached, and for an address of somebody else on every border router.

    Example:
      enforcer order block-address 192.0.2.7 --for 2h \\
          --reason "phishing page" --ticket T-1234
    """
    from enforcer.cli.placing import exceptions, place
    from enforcer.cli.targets import prefix_only
    from enforcer.core.orders import BlockAddress

    demand = BlockAddress(prefix_only(prefix), direction, exceptions=exceptions(terms))
    return place(session, demand, terms)


@command(orders, "block-port")
def block_port(
    session: Session,
    target: Annotated[
        list[str],
        typer.Argument(metavar="TARGET", help="A customer's name, or prefixes."),
    ],
    terms: Terms,
    port: PortOption = [],  # noqa: B006 - Typer copies it
    protocol: ProtocolOption = ["tcp"],  # noqa: B006 - Typer copies it, and shows it
    direction: DirectionOption = Direction.FROM,
) -> int:
    """Drop a customer's or some prefixes' packets to destination ports.

    With --direction from the target is the client of the service at these
    ports, with to it is the server. A protocol without ports, such as icmp
    or gre, takes no --port.

    Example:
      enforcer order block-port acme --port 25 --except relay --for 7d \\
          --reason "spam run"
    """
    from enforcer.cli.placing import exceptions, place
    from enforcer.cli.targets import always, select, service
    from enforcer.core.orders import BlockPort

    protocols, ports = service(protocol, port)
    selected = select(target, always("customer"))
    demand = BlockPort(selected, protocols, ports, direction, exceptions=exceptions(terms))
    return place(session, demand, terms)


@command(orders, "block-flow")
def block_flow(
    session: Session,
    source: Annotated[
        list[str],
        typer.Option("--from", metavar="X", help="One end: a prefix or a name; repeatable."),
    ],
    destination: Annotated[
        list[str],
        typer.Option("--to", metavar="Y", help="The other end, likewise; repeatable."),
    ],
    terms: Terms,
    protocol: ProtocolOption = [],  # noqa: B006 - Typer copies it
    port: PortOption = [],  # noqa: B006 - Typer copies it
    direction: DirectionOption = Direction.FROM,
) -> int:
    """Drop packets between two sets of addresses.

    X and Y are prefixes, customer:NAME, service:NAME, or a bare name that
    the inventory knows as one of the two. Without --protocol everything
    between them is dropped; a service set in --to then brings its own ports.

    Example:
      enforcer order block-flow --from acme --to 198.51.100.0/24 \\
          --protocol udp --port 53 --for 2h --reason "reflection attack"
    """
    from enforcer.cli.placing import exceptions, place
    from enforcer.cli.targets import looked_up, select, service
    from enforcer.core.orders import BlockFlow

    protocols, ports = service(protocol, port)
    name = looked_up(session.names)
    demand = BlockFlow(
        select(source, name),
        select(destination, name),
        protocols,
        ports,
        direction,
        exceptions=exceptions(terms),
    )
    return place(session, demand, terms)


@command(orders, "block-list")
def block_list(
    session: Session,
    name: ListArgument,
    terms: Terms,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="Import this file into it first."),
    ] = None,
    direction: DirectionOption = Direction.BOTH,
) -> int:
    """Drop everything from and to every entry of a named list.

    The order follows the list: after 'enforcer list import' of a new
    version the new entries are blocked and the old ones are not.

    Example:
      enforcer order block-list botnets --file botnets.txt --open-ended \\
          --reason "command and control servers"
    """
    from enforcer.cli.lists import import_file, summary
    from enforcer.cli.placing import end_of, exceptions, place
    from enforcer.core.orders import BlockList

    demand = BlockList(name, direction, exceptions=exceptions(terms))
    if file is not None:
        if terms.dry_run:
            raise InvalidInput(
                "--dry-run stores nothing, so it cannot import --file:"
                f" 'enforcer list import {name} {file}' first"
            )
        # What cannot be placed must not import a list either.
        end_of(terms.duration, terms.until, terms.open_ended, session.now)
        session.out.note(summary(import_file(session, name, file)))
    return place(session, demand, terms)


class By(StrEnum):
    """What of a suspended customer is cut."""

    PREFIXES = "prefixes"
    INTERFACE = "interface"
    SHUTDOWN = "shutdown"


class Mode(StrEnum):
    """How a customer is suspended."""

    TRAFFIC = "traffic"
    SESSION = "session"
    PORT = "port"


_BY: dict[By, SuspendBy] = {
    By.PREFIXES: "prefixes",
    By.INTERFACE: "interface",
    By.SHUTDOWN: "shutdown",
}


def _suspended_by(mode: Mode | None, by: By | None) -> SuspendBy:
    """Raises InvalidInput where the two contradict each other."""
    fits: dict[Mode | None, tuple[By, ...]] = {
        None: tuple(By),
        Mode.TRAFFIC: (By.PREFIXES, By.INTERFACE),
        Mode.SESSION: (),
        Mode.PORT: (By.SHUTDOWN,),
    }
    if by is not None and by not in fits[mode]:
        raise InvalidInput(f"--mode {mode} and --by {by} contradict each other: leave --by out")
    if mode is Mode.SESSION:
        return "session"
    return "shutdown" if mode is Mode.PORT else _BY[by or By.PREFIXES]


@command(orders, "suspend-customer")
def suspend_customer(
    session: Session,
    customer: CustomerArgument,
    terms: RouteTerms,
    mode: Annotated[
        Mode | None,
        typer.Option(
            "--mode",
            help="traffic: his packets are dropped, as it is unless said; session: his BGP sessions"
            " are shut down, and nothing else; port: his interfaces are.",
        ),
    ] = None,
    by: Annotated[
        By | None,
        typer.Option(
            "--by",
            help="Of his traffic: prefixes, what is registered, as it is unless said; interface,"
            " spoofed sources too. shutdown: the same as --mode port.",
        ),
    ] = None,
) -> int:
    """Drop a customer's traffic both ways, except what --except keeps alive.

    Keep alive what a suspended customer must reach: resolvers, DHCP, the
    walled garden, the voice service for emergency calls. His BGP sessions
    are shut down with it: who is connected elsewhere too is reached there,
    instead of being attracted to where his traffic is dropped. An interface
    or a session that is shut down passes nothing, so --mode port and
    session take no --except.

    Example:
      enforcer order suspend-customer acme --except garden --except voice \\
          --by interface --open-ended --reason "unpaid since March"
      enforcer order suspend-customer acme --mode session --open-ended \\
          --reason "contract ended"
    """
    from enforcer.cli.placing import exceptions, place
    from enforcer.core.orders import SuspendCustomer

    demand = SuspendCustomer(customer, exceptions(terms), _suspended_by(mode, by))
    return place(session, demand, terms)


@command(orders, "cut-feed")
def cut_feed(
    session: Session,
    customer: CustomerArgument,
    terms: Terms,
    news: Annotated[
        str, typer.Option("--news", metavar="SET", help="Service set of the news servers.")
    ] = "news",
) -> int:
    """Cut the news feed between a customer and the news servers.

    TCP ports 119, 433 and 563 are dropped in both directions, established
    connections too.

    Example:
      enforcer order cut-feed newsco --for 30d --reason "no abuse handling"
    """
    from enforcer.cli.placing import exceptions, place
    from enforcer.core.orders import CutFeed

    demand = CutFeed(customer, news, exceptions=exceptions(terms))
    return place(session, demand, terms)
