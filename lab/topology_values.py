# SPDX-License-Identifier: GPL-2.0-or-later
"""Typed reading of plain YAML values; each refusal names the path of the value."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from lab.errors import TopologyRefused


@dataclass(frozen=True)
class Where:
    """Path of a value in the file, written ``topology.nodes.edge1.exec``."""

    path: str

    def __truediv__(self, key: object) -> "Where":
        return Where(f"{self.path}.{key}" if self.path else str(key))

    def __str__(self) -> str:
        return self.path or "the file"


def mapping(raw: object, where: Where) -> Mapping[str, Any]:
    """A mapping with text keys."""
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise TopologyRefused(str(where), "must be a mapping with names as keys")
    return raw


def known_keys(raw: Mapping[str, Any], supported: frozenset[str], where: Where) -> None:
    """Refuses any key that is not supported: silence would build another lab than asked for."""
    for key in raw:
        if key not in supported:
            known = ", ".join(sorted(supported))
            raise TopologyRefused(
                str(where / key), f"clabns does not implement this key; supported here: {known}"
            )


def text(raw: object, where: Where, *, empty: bool = False) -> str:
    """A text value, not empty unless allowed."""
    if not isinstance(raw, str) or (not raw and not empty):
        raise TopologyRefused(str(where), f"must be a text, not {raw!r}")
    return raw


def boolean(raw: object, where: Where) -> bool:
    """A truth value."""
    if not isinstance(raw, bool):
        raise TopologyRefused(str(where), f"must be true or false, not {raw!r}")
    return raw


def text_list(raw: object, where: Where) -> list[str]:
    """A list of texts; a missing value is an empty list."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise TopologyRefused(str(where), "must be a list")
    return [text(item, where / index) for index, item in enumerate(raw)]


def text_map(raw: object, where: Where) -> dict[str, str]:
    """A mapping of scalars, as text; a missing value is an empty mapping."""
    if raw is None:
        return {}
    values = mapping(raw, where)
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise TopologyRefused(str(where / key), f"must be a text or a number, not {value!r}")
    return {key: str(value) for key, value in values.items()}


def address(raw: object, where: Where) -> IPv4Address:
    """An IPv4 address."""
    try:
        return IPv4Address(text(raw, where))
    except ValueError as error:
        raise TopologyRefused(str(where), f"not an IPv4 address: {error}") from error


def network(raw: object, where: Where) -> IPv4Network:
    """An IPv4 prefix."""
    try:
        return IPv4Network(text(raw, where))
    except ValueError as error:
        raise TopologyRefused(str(where), f"not an IPv4 prefix: {error}") from error


def mtu(raw: object, where: Where) -> int:
    """An MTU in bytes that a veth accepts."""
    if isinstance(raw, bool) or not isinstance(raw, int) or not 68 <= raw <= 65535:
        raise TopologyRefused(str(where), f"must be a number from 68 to 65535, not {raw!r}")
    return raw
