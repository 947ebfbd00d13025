# SPDX-License-Identifier: GPL-2.0-or-later
"""Nornir's SimpleInventory: ``hosts.yaml``, ``groups.yaml`` and ``defaults.yaml``.

What a host does not state comes from its groups, in their order and each with the groups that
it is in itself, and in the end from the defaults. User names and passwords are not read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from enforcer.errors import InvalidInput
from inventory.imported import Found, is_address
from inventory.problems import near
from inventory.reading import first_finding, read_text

SUFFIXES = (".yaml", ".yml")
Shape = TypeVar("Shape")


class _Element(BaseModel):
    """A host, a group, or the defaults."""

    hostname: str | None = None
    port: int | None = None
    platform: str | None = None
    groups: list[str] | None = None
    data: dict[str, Any] | None = None


_Elements = dict[str, _Element | None]
_ELEMENTS: TypeAdapter[_Elements] = TypeAdapter(_Elements)
_DEFAULTS: TypeAdapter[_Element] = TypeAdapter(_Element)


def read(path: Path) -> list[Found]:
    """The hosts of a folder, or of a hosts file with the other two beside it.

    Raises InvalidInput: not there, not YAML, not an inventory, or a group that is not defined.
    """
    hosts_file = _hosts_file(path)
    hosts = _read(hosts_file, _ELEMENTS)
    groups_file = _beside(hosts_file, "groups")
    groups = None if groups_file is None else _read(groups_file, _ELEMENTS)
    defaults_file = _beside(hosts_file, "defaults")
    defaults = _Element() if defaults_file is None else _read(defaults_file, _DEFAULTS)
    return [
        _found(name, _Chain(str(hosts_file), name, host or _Element(), groups, defaults))
        for name, host in hosts.items()
    ]


def _hosts_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = _beside(path / "hosts.yaml", "hosts")
    if found is None:
        raise InvalidInput(f"{path} holds no hosts.yaml: name the hosts file itself")
    return found


def _beside(file: Path, stem: str) -> Path | None:
    places = (file.with_name(stem + suffix) for suffix in SUFFIXES)
    return next((place for place in places if place.is_file()), None)


def _read(file: Path, shape: TypeAdapter[Shape]) -> Shape:
    text = read_text(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a re-used anchor is its author's business
            content = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark is not None else ""
        why = error.problem or error.context
        raise InvalidInput(f"{file}{line} is not YAML: {why}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    try:
        return shape.validate_python({} if content is None else content)
    except ValidationError as error:
        raise InvalidInput(
            f"{file} is no SimpleInventory of Nornir: {first_finding(error)}"
        ) from None


class _Chain:
    """A host and everything that it inherits from, nearest first."""

    def __init__(
        self,
        file: str,
        name: str,
        host: _Element,
        groups: Mapping[str, _Element | None] | None,
        defaults: _Element,
    ) -> None:
        self._file = file
        self._known = groups
        self.groups = list(dict.fromkeys(self._walk(name, host, (name,))))
        inherited = [(groups or {}).get(group) or _Element() for group in self.groups]
        self.elements = [host, *inherited, defaults]

    def _walk(self, name: str, element: _Element, inside: tuple[str, ...]) -> Iterator[str]:
        for group in element.groups or ():
            if self._known is not None and group not in self._known:
                hint = near(group, self._known)
                raise InvalidInput(
                    f"{self._file}: '{name}' is in the group '{group}', which is not"
                    f" defined{hint}: add it to the groups file"
                )
            if group in inside[1:]:
                raise InvalidInput(f"{self._file}: the group '{group}' is inside of itself")
            yield group
            parent = (self._known or {}).get(group)
            if parent is not None:
                yield from self._walk(group, parent, (*inside, group))

    def fact(self, key: str) -> Any:  # noqa: ANN401 - whatever the file holds under `data`
        """The nearest value of `data` under `key`; None: nobody states it."""
        found = (one.data[key] for one in self.elements if one.data and key in one.data)
        return next((value for value in found if value is not None), None)


def _found(name: str, chain: _Chain) -> Found:
    hostname = next((one.hostname for one in chain.elements if one.hostname), "")
    port = next((one.port for one in chain.elements if one.port is not None), None)
    transport = {"host": hostname} if hostname else {}
    if port is not None:
        transport["port"] = str(port)
    site = chain.fact("site")
    return Found(
        name=name,
        platform=next((one.platform for one in chain.elements if one.platform), ""),
        site="" if site is None else str(site),
        roles=(*_words(chain.fact("role")), *_words(chain.fact("roles")), *chain.groups),
        addresses=(hostname,) if is_address(hostname) else (),
        transport=transport,
    )


def _words(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)
