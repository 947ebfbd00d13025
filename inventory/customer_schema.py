# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema of a customer's entry, and of the service sets that a customer may keep."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from enforcer.core.services import WITH_PORTS, format_protocol
from inventory.fields import (
    AddressField,
    Name,
    NetworkField,
    PortsField,
    ProtocolField,
    StrictModel,
    Text,
    refuse,
)

_MAIL = re.compile(r"[^\s@]+@[^\s@]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]*")


class AttachmentEntry(StrictModel):
    """Where a customer is connected: exactly one of the three places."""

    device: str
    interface: str | None = None
    neighbor: AddressField | None = None
    news_site: Text | None = None

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        stated = [
            key for key in ("interface", "neighbor", "news_site") if getattr(self, key) is not None
        ]
        if len(stated) != 1:
            found = " and ".join(stated) or "none of them"
            raise refuse(f"expected one of interface, neighbor, news_site; found {found}")
        return self


class ContactEntry(StrictModel):
    """A way to reach a customer."""

    name: Text
    channel: Literal["mail", "phone", "pager"]
    address: Text

    @model_validator(mode="after")
    def _address_fits_the_channel(self) -> Self:
        if self.channel == "mail" and not _MAIL.fullmatch(self.address):
            raise refuse("expected a mail address such as abuse@example.net for channel mail")
        if self.channel == "phone" and not _PHONE.fullmatch(self.address):
            raise refuse('expected a number such as "+999 5550100" for channel phone')
        return self


class TenantEntry(StrictModel):
    """See `enforcer.core.topology.Tenant`; the key is the name."""

    prefixes: Annotated[list[NetworkField], Field(min_length=1)]
    contacts: list[ContactEntry] = []


class CustomerEntry(StrictModel):
    """See `enforcer.core.topology.Customer`; the key is the name."""

    prefixes: Annotated[list[NetworkField], Field(min_length=1)]
    attachments: list[AttachmentEntry] = []
    contacts: list[ContactEntry] = []
    tenants: dict[Name, TenantEntry] = {}


class ServiceSetMember(StrictModel):
    """Addresses offering a service; ports need a protocol that has them."""

    prefixes: Annotated[list[NetworkField], Field(min_length=1)]
    protocol: ProtocolField | None = None
    ports: PortsField = ()

    @model_validator(mode="after")
    def _ports_need_a_protocol(self) -> Self:
        if self.ports and self.protocol is None:
            raise refuse("ports need a protocol: add one, such as tcp")
        if self.ports and self.protocol not in WITH_PORTS:
            raise refuse(f"{format_protocol(self.protocol or 0)} has no ports: remove them")
        return self


class ServiceSetEntry(StrictModel):
    """See `enforcer.core.topology.ServiceSet`; the key is the name."""

    entries: Annotated[list[ServiceSetMember], Field(min_length=1)]
