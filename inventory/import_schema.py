# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema of the section `import`: where devices and customers come from besides the files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, model_validator
from pydantic_core import PydanticCustomError

from inventory.fields import Name, ReferenceField, StrictModel, Text, refuse
from inventory.problems import near

Kind = Literal["containerlab", "nornir", "netbox"]
KINDS: tuple[Kind, ...] = ("containerlab", "nornir", "netbox")
PLACEHOLDERS = ("name", "longname", "address")
"""What a transport's text may hold in braces: the device's name, containerlab's name of its
node (elsewhere the same as `name`), its management address."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each placeholder replaced; KeyError for one without a value."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _url(value: object) -> str:
    why = _why_no_url(value) if isinstance(value, str) else "expected a URL as text"
    if why:
        raise PydanticCustomError("url", "{why}", {"why": why})
    assert isinstance(value, str)
    return value.rstrip("/")


def _why_no_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return "this is not a URL: write one such as https://netbox.example.net"
    if parts.scheme not in ("http", "https") or not host:
        return "expected a URL such as https://netbox.example.net"
    if parts.username or parts.password:
        return "the URL holds a name or a password: state the token as a reference"
    if parts.scheme == "http" and not _is_this_machine(host):
        return "expected https: over http anybody on the way reads the token and writes the answer"
    return ""


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class NetboxEntry(StrictModel):
    """A NetBox, and what of it is wanted; empty selections mean everything.

    `ca`: a file with the certificates to trust instead of the system's.
    """

    url: Annotated[str, PlainValidator(_url)]
    token: ReferenceField
    cache: Text
    ca: Text | None = None
    roles: list[Text] = []
    sites: list[Text] = []
    tags: list[Text] = []
    statuses: list[Text] = ["active"]
    tenant_groups: list[Text] = []


class ImportEntry(StrictModel):
    """One source. `platforms`: from its words to ours; null leaves such devices out.

    `only`: names, or patterns with ``*``, of the devices that are wanted. `transport`,
    `credentials`: for every device; `PLACEHOLDERS` in braces are filled in.
    """

    containerlab: Text | None = None
    nornir: Text | None = None
    netbox: NetboxEntry | None = None
    platforms: dict[str, Name | None] = {}
    only: list[Text] = []
    transport: dict[Name, str] | None = None
    credentials: ReferenceField | None = None

    @property
    def kind(self) -> Kind:
        """Which of the sources it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @model_validator(mode="after")
    def _is_one_source(self) -> Self:
        stated = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(stated) != 1:
            found = " and ".join(stated) or "none of them"
            raise refuse(f"expected one of {', '.join(KINDS)}; found {found}")
        return self

    @model_validator(mode="after")
    def _placeholders_are_known(self) -> Self:
        for key, template in (self.transport or {}).items():
            for word in _PLACEHOLDER.findall(template):
                if word not in PLACEHOLDERS:
                    known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
                    hint = near(word, PLACEHOLDERS)
                    raise refuse(f"transport.{key}: {{{word}}} is none of {known}{hint}")
        return self


class ImportSection(StrictModel):
    """The section alone, as it is read before everything else."""

    imports: list[ImportEntry] = Field(default=[], alias="import")
