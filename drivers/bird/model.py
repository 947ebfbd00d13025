# SPDX-License-Identifier: GPL-2.0-or-later
"""One BIRD as it was read. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from enforcer.core.rules import Key

Items = Mapping[str, str]
"""What our file says, by symbol, in its order: each with its text, lines ended."""


@dataclass(frozen=True, slots=True)
class IncludeFile:
    """Our file. `state`: the digest that it states of itself, "" none. `holds`: the lines of
    comments by which somebody forbids us to write."""

    items: Items
    state: str = ""
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Protocol:
    """One BGP protocol (session) that runs. `down`: somebody disabled it; `message`: with which
    words. `families`: of its channels. `details`: what else BIRD tells of it, line by line."""

    name: str
    neighbor: str
    established: bool = False
    down: bool = False
    message: str = ""
    families: tuple[int, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Channel:
    """What the configuration says of one family of a protocol.

    `calls`: the functions that its import (RECEIVED) and export (ANNOUNCED) filters call, by
    themselves or through others; None: that way nothing passes at all. `table`: what comes in is
    kept as it came, and can be filtered anew (``import table on``).
    """

    calls: Mapping[Key, frozenset[str] | None] = field(default_factory=dict)
    table: bool = False


@dataclass(frozen=True, slots=True)
class ConfiguredBgp:
    """A protocol of the operator's configuration. `name`: "" where BIRD gives it one."""

    name: str
    neighbor: str
    channels: Mapping[int, Channel] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Box:
    """Everything read.

    `running`: the digest of our file as BIRD has it in force; None: it does not know our file.
    `proven`: the rules' constants that it has in force. `configured`: None: the operator's
    configuration could not be read. `protocols`: by neighbor. `passing`: by neighbor and way,
    how many routes pass that our functions reject.
    """

    file: IncludeFile
    running: str | None = None
    proven: frozenset[str] = frozenset()
    hold: bool = False
    protocols: Mapping[str, tuple[Protocol, ...]] = field(default_factory=dict)
    configured: tuple[ConfiguredBgp, ...] | None = ()
    passing: Mapping[tuple[str, Key], int] = field(default_factory=dict)


def configured_as(box: Box, protocol: Protocol) -> ConfiguredBgp | None:
    """What the configuration says of a running protocol."""
    for one in box.configured or ():
        if one.name == protocol.name or (not one.name and one.neighbor == protocol.neighbor):
            return one
    return None
