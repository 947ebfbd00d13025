# SPDX-License-Identifier: GPL-2.0-or-later
"""The strict schema of an inventory file. Nothing is converted silently, nothing is ignored."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    PositiveInt,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from enforcer.core.orders import Network, PortRange
from enforcer.core.prefixes import parse_network
from enforcer.core.services import (
    MAX_PROTOCOL,
    WITH_PORTS,
    format_protocol,
    join_ports,
    parse_ports,
    parse_protocols,
)
from enforcer.errors import InvalidInput

BEHIND_WORDS = ("core", "infrastructure", "peer", "upstream")
"""What may be behind an interface besides a customer."""


def _network(value: object) -> Network:
    if not isinstance(value, str):
        raise PydanticCustomError("network", "expected an address or a prefix as text")
    try:
        return parse_network(value)
    except InvalidInput as refusal:
        raise PydanticCustomError("network", "{why}", {"why": str(refusal)}) from None


def _protocol(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_PROTOCOL:
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("protocol", "expected one protocol: a name, or 0 to 255")
    try:
        (number,) = parse_protocols(value)
    except InvalidInput as refusal:
        raise PydanticCustomError("protocol", "{why}", {"why": str(refusal)}) from None
    except ValueError:
        raise PydanticCustomError("protocol", "expected one protocol, found several") from None
    return number


def _ports(value: object) -> tuple[PortRange, ...]:
    parts = value if isinstance(value, list) else [value]
    texts = [str(part) for part in parts if isinstance(part, int | str) and part not in (True, "")]
    if len(texts) != len(parts) or not texts:
        raise PydanticCustomError("ports", "expected ports such as 25, 465-587 or [25, 465-587]")
    try:
        return join_ports(one for text in texts for one in parse_ports(text))
    except InvalidInput as refusal:
        raise PydanticCustomError("ports", "{why}", {"why": str(refusal)}) from None


NetworkField = Annotated[Network, PlainValidator(_network)]
ProtocolField = Annotated[int, PlainValidator(_protocol)]
PortsField = Annotated[tuple[PortRange, ...], PlainValidator(_ports)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
InterfaceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][^\s\"'\\;{}]{0,62}$")]
Text = Annotated[str, StringConstraints(pattern=r"\S")]


class StrictModel(BaseModel):
    """Unknown keys and other types than the stated ones are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class InterfaceEntry(StrictModel):
    """`behind`: a customer's name, one of `BEHIND_WORDS`, or nothing stated."""

    behind: str = ""


class DeviceEntry(StrictModel):
    """See `enforcer.core.topology.Device`; the key is the name."""

    platform: Name
    site: str = ""
    roles: list[Name] = []
    mode: Literal["observe", "enforce"] = "observe"
    transport: dict[Name, str] = {}
    interfaces: dict[InterfaceName, InterfaceEntry] = {}
    hooks: Annotated[list[Literal["forward", "input", "output"]], Field(min_length=1)] = ["forward"]
    nat: list[NetworkField] = []
    capacity: PositiveInt | None = None


class AttachmentEntry(StrictModel):
    """Where a customer is connected."""

    device: str
    interface: str


class ContactEntry(StrictModel):
    """A way to reach a customer."""

    name: Text
    channel: Literal["mail", "phone", "pager"]
    address: Text


class CustomerEntry(StrictModel):
    """See `enforcer.core.topology.Customer`; the key is the name."""

    prefixes: Annotated[list[NetworkField], Field(min_length=1)]
    attachments: list[AttachmentEntry] = []
    contacts: list[ContactEntry] = []


class ServiceSetMember(StrictModel):
    """Addresses offering a service; ports need a protocol that has them."""

    prefixes: Annotated[list[NetworkField], Field(min_length=1)]
    protocol: ProtocolField | None = None
    ports: PortsField = ()

    @model_validator(mode="after")
    def _ports_need_a_protocol(self) -> Self:
        if self.ports and self.protocol is None:
            raise PydanticCustomError("ports", "ports need a protocol: add one, such as tcp")
        if self.ports and self.protocol not in WITH_PORTS:
            name = format_protocol(self.protocol or 0)
            raise PydanticCustomError("ports", "{name} has no ports: remove them", {"name": name})
        return self


class ServiceSetEntry(StrictModel):
    """See `enforcer.core.topology.ServiceSet`; the key is the name."""

    entries: Annotated[list[ServiceSetMember], Field(min_length=1)]


class ProtectedEntry(StrictModel):
    """Space that no order may block, and why."""

    prefix: NetworkField
    reason: Text


class SettingsEntry(StrictModel):
    """What holds for the whole inventory; each key may be stated in one file only."""

    documentation_space: bool | None = None


class InventoryFile(StrictModel):
    """One file; every section may be absent, and may be spread over files."""

    settings: SettingsEntry = SettingsEntry()
    devices: dict[Name, DeviceEntry] = {}
    customers: dict[Name, CustomerEntry] = {}
    service_sets: dict[Name, ServiceSetEntry] = {}
    protected: list[ProtectedEntry] = []
