# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema of a device's entry."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from enforcer.core.orders import DEFAULT_VRF
from enforcer.secrets import is_reference
from inventory.fields import (
    AddressField,
    HostField,
    InterfaceName,
    LinkAddressField,
    MinutesField,
    Name,
    NetworkField,
    ReferenceField,
    StrictModel,
    refuse,
)

BEHIND_WORDS = ("core", "infrastructure", "peer", "upstream")
"""What may be behind an interface or a neighbor besides a customer."""

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_ASN = 2**32 - 1
"""RFC 6793."""
_SHORT = r"(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])"
COMMUNITY = rf"^{_SHORT}:{_SHORT}$"
CommunityField = Annotated[str, Field(pattern=COMMUNITY)]
"""A community as RFC 1997 writes it, two numbers below 65536."""

_SECRET_WORDS = re.compile(
    r"password|passwd|passphrase|secret|(api|private)[._-]?key"
    r"|(^|[._-])(pass|pwd|tokens?|community)($|[._-])",
    re.IGNORECASE,
)


def names_a_secret(key: str) -> bool:
    """Whether what stands under `key` is likely to be a secret."""
    return _SECRET_WORDS.search(key) is not None


class InterfaceEntry(StrictModel):
    """`behind`: a customer's name, one of `BEHIND_WORDS`, or nothing stated."""

    behind: str = ""
    addresses: list[LinkAddressField] = []
    management: bool = False


class NeighborEntry(StrictModel):
    """A BGP neighbor."""

    address: AddressField
    asn: Annotated[int, Field(ge=1, le=MAX_ASN)] | None = None
    behind: str = ""
    vrf: Name = DEFAULT_VRF
    name: Name | Literal[""] = ""
    families: list[Literal[4, 6]] = []


class RtbhEntry(StrictModel):
    """See `enforcer.core.topology.Blackholing`; `witnesses` are names of devices."""

    communities: Annotated[list[CommunityField], Field(min_length=1)] = ["65535:666"]
    next_hops: list[AddressField] = []
    upstreams: dict[Name, CommunityField] = {}
    canaries: list[HostField] = []
    witnesses: list[Name] = []
    trusted: list[AddressField] = []

    @model_validator(mode="after")
    def _one_of_a_family(self) -> Self:
        for word, families in (
            ("next_hops", [a.version for a in self.next_hops]),
            ("canaries", [n.version for n in self.canaries]),
        ):
            if len(families) != len(set(families)):
                raise refuse(f"'{word}' names two of one address family: keep one IPv4, one IPv6")
        return self


class WindowEntry(StrictModel):
    """A weekly maintenance window in UTC; without `days` it is every day."""

    days: Annotated[list[Day], Field(min_length=1)] = list(DAYS)
    start: MinutesField = Field(alias="from")
    end: MinutesField = Field(alias="to")
    reason: str = ""

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.end <= self.start:
            raise refuse(
                "'to' must be later than 'from': write two windows, one to 24:00 and one from"
                " 00:00 of the next day, where midnight is between"
            )
        return self


class DeviceEntry(StrictModel):
    """See `enforcer.core.topology.Device`; the key is the name."""

    platform: Name
    site: str = ""
    roles: list[Name] = []
    mode: Literal["observe", "enforce"] = "observe"
    transport: dict[Name, str] = {}
    credentials: ReferenceField = ""
    addresses: list[HostField] = []
    next_hops: list[HostField] = []
    interfaces: dict[InterfaceName, InterfaceEntry] = {}
    neighbors: list[NeighborEntry] = []
    vrfs: list[Name] = []
    hooks: Annotated[list[Literal["forward", "input", "output"]], Field(min_length=1)] = ["forward"]
    nat: list[NetworkField] = []
    capacity: PositiveInt | None = None
    maintenance: list[WindowEntry] = []
    mechanism: Literal["filter", "rtbh"] = "filter"
    urpf: Literal["", "strict", "loose"] = ""
    options: dict[Name, str] = {}
    bgp: bool | None = None
    rtbh: RtbhEntry | None = None
    filters: bool | None = None

    @model_validator(mode="after")
    def _holds_no_secret(self) -> Self:
        for section, values in (("transport", self.transport), ("options", self.options)):
            for key, value in values.items():
                if names_a_secret(key) and value and not is_reference(value):
                    raise refuse(
                        f"{section}.{key} looks like a secret (it is not shown): put it in a file,"
                        " and write 'credentials: file:PATH' for the device"
                    )
        return self

    @model_validator(mode="after")
    def _vrfs_are_known(self) -> Self:
        if DEFAULT_VRF in self.vrfs:
            raise refuse(f"the VRF '{DEFAULT_VRF}' is always there: leave it out of 'vrfs'")
        return self
