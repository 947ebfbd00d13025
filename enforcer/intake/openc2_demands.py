# SPDX-License-Identifier: GPL-2.0-or-later
"""What an OpenC2 `deny` asks for, as one of our demands. What cannot be done exactly is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockPort,
    Demand,
    Direction,
    Network,
    PortRange,
    Selection,
)
from enforcer.core.prefixes import parse_network
from enforcer.errors import InvalidInput
from enforcer.intake.openc2_messages import (
    OPTION,
    TARGET,
    Arguments,
    Command,
    Connection,
    Unimplemented,
)

_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "sctp": 132}
_DIRECTIONS = {"ingress": Direction.FROM, "egress": Direction.TO, "both": Direction.BOTH}
"""Of the packet filter: what comes in is from the address, what goes out is to it."""
_EVERY_PORT = (PortRange(0, 65535),)


def order_of(command: Command, actor: str) -> PlaceOrder:
    """What is placed for a `deny`. Raises InvalidInput, Unimplemented."""
    arguments = command.args
    _refuse_what_we_do_not(arguments)
    text = f"OpenC2 deny by {actor}"
    if command.command_id:
        text = f"{text}, command {''.join(c for c in command.command_id if c.isprintable())}"
    start, end, duration = _times(arguments)
    key = f"openc2:{actor}:{command.command_id}" if command.command_id else None
    return PlaceOrder(
        demand=demand_of(command),
        reason=text,
        start=start,
        end=end,
        duration=duration,
        open_ended=end is None and duration is None,
        idempotency_key=key,
    )


def demand_of(command: Command) -> Demand:
    """The demand of a target. Raises InvalidInput, Unimplemented."""
    target = command.target
    direction = _DIRECTIONS[command.args.slpf.direction]
    if target.ipv4_net is not None:
        return BlockAddress(_network(target.ipv4_net, 4), direction)
    if target.ipv6_net is not None:
        return BlockAddress(_network(target.ipv6_net, 6), direction)
    if target.ipv4_connection is not None:
        return _connection(target.ipv4_connection, 4)
    if target.ipv6_connection is not None:
        return _connection(target.ipv6_connection, 6)
    raise Unimplemented(f"{TARGET}: only addresses and connections can be denied or allowed")


def _connection(wanted: Connection, version: int) -> Demand:
    """A connection says itself which way its packets go: from `src_addr`, to `dst_addr`.

    So SLPF's `direction`, which names interfaces of one box, adds nothing on a whole edge.
    """
    if wanted.src_port is not None:
        raise Unimplemented(f"{TARGET}: src_port: only ports of the destination are told apart")
    if wanted.dst_port is not None and wanted.protocol not in ("tcp", "udp", "sctp"):
        raise InvalidInput("dst_port: state the protocol too: tcp, udp or sctp")
    source = None if wanted.src_addr is None else _network(wanted.src_addr, version)
    destination = None if wanted.dst_addr is None else _network(wanted.dst_addr, version)
    protocols = () if wanted.protocol is None else (_PROTOCOLS[wanted.protocol],)
    ports = () if wanted.dst_port is None else (PortRange(wanted.dst_port, wanted.dst_port),)
    if source is not None and destination is not None:
        return BlockFlow(Selection((source,)), Selection((destination,)), protocols, ports)
    about = source or destination
    if about is None:
        raise Unimplemented(f"{TARGET}: from anywhere to anywhere would be everybody's traffic")
    direction = Direction.FROM if source is not None else Direction.TO
    if not protocols:
        return BlockAddress(about, direction)
    if not ports and wanted.protocol != "icmp":
        ports = _EVERY_PORT
    return BlockPort(Selection((about,)), protocols, ports, direction)


def _refuse_what_we_do_not(arguments: Arguments) -> None:
    own = arguments.slpf
    if own.drop_process not in (None, "none"):
        raise Unimplemented(
            f"{OPTION}: drop_process: packets are dropped silently, and only so (none)"
        )
    if own.persistent is False:
        raise Unimplemented(
            f"{OPTION}: persistent: every rule is kept over restarts, for as long as it runs"
        )
    if own.insert_rule is not None:
        raise Unimplemented(f"{OPTION}: insert_rule: rules have no places among each other here")


def _times(
    arguments: Arguments,
) -> tuple[datetime | None, datetime | None, timedelta | None]:
    """Start, end, duration; stop and duration together say the start."""
    start, end = _instant(arguments.start_time), _instant(arguments.stop_time)
    lasting = None
    if arguments.duration is not None:
        lasting = timedelta(milliseconds=arguments.duration)
    if start is not None and end is not None and end <= start:
        raise InvalidInput("stop_time: it is not after start_time")
    if end is not None and lasting is not None:
        return end - lasting, end, None
    return start, end, lasting


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _network(text: str, version: int) -> Network:
    found = parse_network(text)
    if found.version != version:
        raise InvalidInput(f"{text} is no IPv{version} network")
    return found
