# SPDX-License-Identifier: GPL-2.0-or-later
"""How single values are read: strictly, with a sentence for what was expected instead."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_interface
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, PlainValidator, StringConstraints
from pydantic_core import PydanticCustomError

from enforcer.core.orders import LIST_NAME, Network, PortRange
from enforcer.core.prefixes import MAPPED, parse_network, shown
from enforcer.core.services import MAX_PROTOCOL, join_ports, parse_ports, parse_protocols
from enforcer.core.times import parse_duration
from enforcer.core.topology import LinkAddress
from enforcer.errors import InvalidInput
from enforcer.secrets import SCHEMES, is_reference
from inventory.problems import near

Address = IPv4Address | IPv6Address
Read = TypeVar("Read")

MINUTES_A_DAY = 1440
_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


def _text(value: object, expected: str) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("text", "{expected}", {"expected": expected})
    return value


def _or_complain(kind: str, read: Callable[[str], Read], text: str) -> Read:
    try:
        return read(text)
    except InvalidInput as refusal:
        raise PydanticCustomError("value", "{why}", {"kind": kind, "why": str(refusal)}) from None


def _network(value: object) -> Network:
    text = _text(value, "expected an address or a prefix as text")
    return _or_complain("network", parse_network, text)


def _host(value: object) -> Network:
    """One address, as /32 or /128."""
    text = _text(value, "expected an address as text")
    network = _or_complain("address", parse_network, text)
    if network.prefixlen != network.max_prefixlen:
        why = f"expected one address, found the prefix {network}"
        raise PydanticCustomError("address", "{why}", {"why": why})
    return network


def _address(value: object) -> Address:
    return _host(value).network_address


def _link_address(value: object) -> LinkAddress:
    text = _text(value, "expected an address with the length of its link as text")
    why = _why_no_link_address(text)
    if why:
        raise PydanticCustomError("link_address", "{why}", {"why": why})
    return ip_interface(text)


def _why_no_link_address(text: str) -> str:
    said = f"'{shown(text)}'"
    address, slash, length = text.partition("/")
    try:
        parse_network(address)
        found = ip_interface(text)
    except InvalidInput as refusal:
        return str(refusal)
    except ValueError:
        return f"{said} has no valid prefix length: write one such as 192.0.2.1/30"
    if not slash:
        return f"{said} lacks the length of its link: write {said[1:-1]}/30, or what it is"
    if not length.isdecimal():
        return f"{said} has a netmask: write the prefix length, {found}"
    return _why_not_a_host(found)


def _why_not_a_host(found: LinkAddress) -> str:
    network = found.network
    if isinstance(found, IPv6Interface):
        return f"{found} is an IPv4-mapped IPv6 address" if found.ip in MAPPED else ""
    if network.prefixlen >= network.max_prefixlen - 1:  # RFC 3021: both ends are hosts
        return ""
    if found.ip == network.network_address:
        return f"{found} is the link itself: write the device's own address on it"
    assert isinstance(network.broadcast_address, IPv4Address)
    return f"{found} is the broadcast address" if found.ip == network.broadcast_address else ""


def _protocol(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_PROTOCOL:
        return value
    text = _text(value, "expected one protocol: a name, or 0 to 255")
    try:
        (number,) = _or_complain("protocol", parse_protocols, text)
    except ValueError as error:
        if isinstance(error, PydanticCustomError):
            raise
        raise PydanticCustomError("protocol", "expected one protocol, found several") from None
    return number


def _ports(value: object) -> tuple[PortRange, ...]:
    parts = value if isinstance(value, list) else [value]
    texts = [str(part) for part in parts if isinstance(part, int | str) and part not in (True, "")]
    if len(texts) != len(parts) or not texts:
        raise PydanticCustomError("ports", "expected ports such as 25, 465-587 or [25, 465-587]")
    return join_ports(one for text in texts for one in _or_complain("ports", parse_ports, text))


def _seconds(value: object) -> int:
    text = _text(value, "expected a duration such as 30m, 12h or 7d")
    return int(_or_complain("duration", parse_duration, text).total_seconds())


def _minutes(value: object) -> int:
    """Minutes after midnight UTC for ``02:30``."""
    text = _text(value, "expected a time such as 02:30 (UTC)")
    found = _CLOCK_TIME.fullmatch(text)
    if found is None:
        why = f"'{shown(text)}' is not a time of the day: write one such as 02:30, at most 24:00"
        raise PydanticCustomError("time", "{why}", {"why": why})
    return MINUTES_A_DAY if found[1] is None else int(found[1]) * 60 + int(found[2])


def _reference(value: object) -> str:
    """Where a secret is. What is no reference may be the secret itself: it is never shown."""
    if isinstance(value, str) and is_reference(value) and value.partition(":")[2]:
        return value
    scheme = value.partition(":")[0] if isinstance(value, str) and ":" in value else ""
    hint = near(scheme, SCHEMES) if scheme.isalpha() else ""
    why = (
        "expected where the secret is, file:PATH or env:NAME; a secret itself is never written"
        f" into the inventory (what stands here is not shown){hint}"
    )
    raise PydanticCustomError("reference", "{why}", {"why": why})


NetworkField = Annotated[Network, PlainValidator(_network)]
HostField = Annotated[Network, PlainValidator(_host)]
AddressField = Annotated[Address, PlainValidator(_address)]
LinkAddressField = Annotated[IPv4Interface | IPv6Interface, PlainValidator(_link_address)]
ProtocolField = Annotated[int, PlainValidator(_protocol)]
PortsField = Annotated[tuple[PortRange, ...], PlainValidator(_ports)]
SecondsField = Annotated[int, PlainValidator(_seconds)]
MinutesField = Annotated[int, PlainValidator(_minutes)]
ReferenceField = Annotated[str, PlainValidator(_reference)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
InterfaceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][^\s\"'\\;{}]{0,62}$")]
SourceName = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,62})$")]
ListName = Annotated[str, StringConstraints(pattern=LIST_NAME)]
Text = Annotated[str, StringConstraints(pattern=r"\S")]


class StrictModel(BaseModel):
    """Unknown keys and other types than the stated ones are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def refuse(why: str) -> PydanticCustomError:
    """An error of a whole entry that is shown as it stands."""
    return PydanticCustomError("entry", "{why}", {"why": why})


def as_mapping(value: Any, key: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """A text alone stands for a mapping with nothing but `key`."""
    return {key: value} if isinstance(value, str) else value
