# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer order drop-routes | blackhole | shutdown-session``: the orders about BGP."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli import completing
from enforcer.cli.options import (
    ConfirmForeignOption,
    DirectionOption,
    OptionGroup,
    RouteTerms,
    Terms,
    flag,
)
from enforcer.cli.orders import orders
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.core.orders import Direction
from enforcer.errors import InvalidInput

if TYPE_CHECKING:
    from enforcer.core.orders import DropRoutes, RouteChoice, Sessions

__all__ = ["orders"]

_WITH = "With whom (each one that is named)"
_WHICH = "Which routes (all that is stated must apply)"


class Way(StrEnum):
    """Which routes of a session are meant."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, kw_only=True)
class With(OptionGroup):
    """With whom the sessions are."""

    customers: Annotated[
        list[str],
        typer.Option(
            "--customer",
            metavar="NAME",
            help="With this customer; repeatable.",
            rich_help_panel=_WITH,
            autocompletion=completing.customers,
        ),
    ] = field(default_factory=list)
    asns: Annotated[
        list[str],
        typer.Option(
            "--asn",
            metavar="AS",
            help="With neighbors of this AS number; repeatable.",
            rich_help_panel=_WITH,
        ),
    ] = field(default_factory=list)
    neighbors: Annotated[
        list[str],
        typer.Option(
            "--neighbor",
            metavar="ADDRESS",
            help="With the neighbor of this address; repeatable.",
            rich_help_panel=_WITH,
        ),
    ] = field(default_factory=list)

    def sessions(self, terms: Terms) -> Sessions:
        """The sessions; `terms` say on which devices. Raises InvalidInput for none."""
        from enforcer.cli.sessions import sessions

        scoped = bool(terms.devices or terms.roles or terms.sites)
        return sessions(self.customers, self.asns, self.neighbors, scoped)


@dataclass(frozen=True, kw_only=True)
class Routes(OptionGroup):
    """Which routes are rejected."""

    file: Annotated[
        Path | None,
        typer.Option(
            "--from-file",
            metavar="FILE",
            help="The prefixes in it too: a prefix a line, TSV or CSV, bgpq3 or bgpq4, IRR objects;"
            " - reads stdin.",
            rich_help_panel=_WHICH,
        ),
    ] = None
    exact: Annotated[
        bool, flag("--exact", help="These very prefixes; so it is unless said.", panel=_WHICH)
    ] = False
    or_longer: Annotated[
        bool, flag("--or-longer", help="And all prefixes inside them.", panel=_WHICH)
    ] = False
    unregistered: Annotated[
        bool,
        flag(
            "--all-but-registered",
            help="All but those inside what the inventory has of the customer.",
            panel=_WHICH,
        ),
    ] = False
    registered: Annotated[
        Path | None,
        typer.Option(
            "--registered-from",
            metavar="FILE",
            help="With --all-but-registered: what is registered, instead of the inventory.",
            rich_help_panel=_WHICH,
        ),
    ] = None
    every: Annotated[bool, flag("--every", help="Whatever the prefix.", panel=_WHICH)] = False
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin-as", metavar="AS", help="The AS path ends in it.", rich_help_panel=_WHICH
        ),
    ] = None
    path: Annotated[
        str | None,
        typer.Option(
            "--path-as", metavar="AS", help="The AS path contains it.", rich_help_panel=_WHICH
        ),
    ] = None
    longer4: Annotated[
        int | None,
        typer.Option(
            "--longer-than",
            metavar="N",
            min=0,
            max=31,
            help="IPv4 prefixes longer than /N; IPv6 ones only with --longer-than6.",
            rich_help_panel=_WHICH,
        ),
    ] = None
    longer6: Annotated[
        int | None,
        typer.Option(
            "--longer-than6",
            metavar="N",
            min=0,
            max=127,
            help="IPv6 prefixes longer than /N; IPv4 ones only with --longer-than.",
            rich_help_panel=_WHICH,
        ),
    ] = None
    direction: Annotated[
        Way,
        typer.Option(
            "--direction",
            "-d",
            help="in: what they send us; out: what we would send them.",
            rich_help_panel=_WHICH,
        ),
    ] = Way.IN


@command(orders, "drop-routes")
def drop_routes(
    session: Session,
    with_: With,
    routes: Routes,
    terms: RouteTerms,
    prefixes: Annotated[
        list[str], typer.Argument(metavar="PREFIX", help="Prefixes of routes to reject.")
    ] = [],  # noqa: B006 - Typer copies it
) -> int:
    """Reject routes on BGP sessions: what a neighbor leaked, or what we would.

    Before it is placed the routers are asked which routes pass now, and how
    many of them each neighbor would lose; --dry-run shows it. An order that
    would leave a neighbor nothing, or that takes the default route or a way
    to protected space, needs --confirm-routes.

    Example:
      enforcer order drop-routes --customer acme --from-file leak.tsv \\
          --for 2h --reason "full table leaked"
      enforcer order drop-routes --customer acme --all-but-registered \\
          --open-ended --reason "leaks again and again"
      enforcer order drop-routes --asn AS64500 --path-as AS64510 --for 1d \\
          --reason "a route through our upstream from a peer"
    """
    from enforcer.cli.placing import place

    return place(session, _drop_routes(with_.sessions(terms), routes, prefixes, terms), terms)


def _drop_routes(
    sessions: Sessions, routes: Routes, prefixes: list[str], terms: Terms
) -> DropRoutes:
    from enforcer.cli.placing import exceptions
    from enforcer.cli.sessions import from_file, parse_asn, prefixes_of
    from enforcer.core.orders import DropRoutes

    choice = _choice(routes, bool(prefixes) or routes.file is not None)
    named = prefixes_of(prefixes, routes.file, routes.or_longer)
    if routes.registered is not None:
        named = from_file(routes.registered, or_longer=True)
    return DropRoutes(
        sessions,
        named,
        choice,
        routes.or_longer,
        parse_asn(routes.origin) if routes.origin is not None else None,
        parse_asn(routes.path) if routes.path is not None else None,
        routes.longer4,
        routes.longer6,
        "in" if routes.direction is Way.IN else "out",
        exceptions=exceptions(terms),
    )


def _choice(routes: Routes, named: bool) -> RouteChoice:
    """Raises InvalidInput for options that say two things, or nothing."""
    if routes.exact and routes.or_longer:
        raise InvalidInput("--exact and --or-longer exclude each other: give one of them")
    if routes.registered is not None and not routes.unregistered:
        raise InvalidInput("--registered-from goes with --all-but-registered: add it")
    if named + routes.unregistered + routes.every > 1:
        raise InvalidInput(
            "prefixes, --all-but-registered and --every exclude each other: give one of them"
        )
    if (routes.exact or routes.or_longer) and not named:
        raise InvalidInput(
            "--exact and --or-longer are about prefixes: name some, or a --from-file"
        )
    if routes.unregistered:
        return "unregistered"
    conditions = (routes.origin, routes.path, routes.longer4, routes.longer6)
    if routes.every or (not named and any(one is not None for one in conditions)):
        return "every"
    if not named:
        raise InvalidInput(
            "say which routes: prefixes, --from-file, --all-but-registered, --origin-as,"
            " --path-as, --longer-than, or --every"
        )
    return "listed"


@command(orders, "blackhole")
def blackhole(
    session: Session,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="An address or a prefix.")],
    terms: Terms,
    direction: DirectionOption = Direction.TO,
    exports: Annotated[
        list[str],
        typer.Option(
            "--export",
            metavar="UPSTREAM",
            help="Ask this upstream to drop it too, with its own community; repeatable.",
        ),
    ] = [],  # noqa: B006 - Typer copies it
    confirm_foreign: ConfirmForeignOption = False,
) -> int:
    """Drop a destination at every edge, by a blackhole route (RTBH).

    The address that is attacked is given up, so that the rest of the
    network stays reachable. Nobody outside hears of it, but the upstreams
    named with --export. With --direction both its packets are dropped as
    sources too, which works only where every edge has loose uRPF.

    Example:
      enforcer order blackhole 192.0.2.7 --for 1h --reason "flooded" --wait
    """
    from enforcer.cli.placing import exceptions, place
    from enforcer.cli.targets import prefix_only
    from enforcer.core.orders import Blackhole

    spared = exceptions(terms)
    demand = Blackhole(prefix_only(prefix), direction, tuple(exports), exceptions=spared)
    return place(session, demand, terms, confirm_foreign)


@command(orders, "shutdown-session")
def shutdown_session(session: Session, with_: With, terms: RouteTerms) -> int:
    """Shut BGP sessions down administratively: the interconnection is terminated.

    The neighbor is told why where the router can (RFC 9003). Without the
    session everything that is reached through it is reached another way, or
    not at all: --dry-run shows the routes that would be lost. Sessions with
    upstreams and peers need --confirm-routes.

    Example:
      enforcer order shutdown-session --asn AS64500 --open-ended \\
          --reason "contract ended" --dry-run
    """
    from enforcer.cli.placing import exceptions, place
    from enforcer.core.orders import ShutdownSession

    demand = ShutdownSession(with_.sessions(terms), exceptions=exceptions(terms))
    return place(session, demand, terms)
