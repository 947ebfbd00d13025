# SPDX-License-Identifier: GPL-2.0-or-later
"""What is enforced, or one list, in the forms that others read.

``text``: one CIDR block a line; what is not blocked as a whole stands there as a comment.
``csv``, ``json`` (one object a line): everything. ``nft``: a table of its own. Everything is
made row by row while it is read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import chain

from enforcer.application.commands import ExportEnforced
from enforcer.control.book import OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.control.filling import fill
from enforcer.control.holdable import Holdable
from enforcer.core.intervals import merge
from enforcer.core.lists import ListContent
from enforcer.core.rules import Key, Members, Rule
from enforcer.errors import InvalidInput
from enforcer.usecases.export_nft import of_list, script
from enforcer.usecases.export_rows import (
    DIRECTIONS,
    Enforced,
    Row,
    blocks,
    except_words,
    pairs,
    peers_words,
    rows,
    service_words,
)
from enforcer.usecases.list_history import content_at
from enforcer.usecases.world import World

TEXT, CSV, JSON, NFT = "text", "csv", "json", "nft"
FORMS = (TEXT, CSV, JSON, NFT)
COLUMNS = (
    "prefix",
    "interface",
    "direction",
    "service",
    "peers",
    "except",
    "order",
    "end",
    "device",
)
LIST_COLUMNS = ("prefix", "list", "version")
_Cells = tuple[str, ...]


def export(world: World, command: ExportEnforced) -> Iterator[str]:
    """Lines without their end. Raises InvalidInput, NotFound before the first one."""
    if command.format not in FORMS:
        raise InvalidInput(f"no export format {command.format!r}: use {', '.join(FORMS)}")
    if command.list_name is not None and command.device is not None:
        raise InvalidInput("a list and a device were named: name one of them")
    if command.list_name is not None:
        with world.database.read() as reader:
            content = content_at(reader, command.list_name, command.version)
        return list_lines(command.list_name, content, command.format)
    if command.version is not None:
        raise InvalidInput("a version means nothing without a list: name the list")
    devices = sorted(world.topology.devices) if command.device is None else [command.device]
    if command.format == NFT and len(devices) != 1:
        raise InvalidInput("an nft script is for one device: name the device, or a list")
    looks = [world.device(name).name for name in devices]
    return _enforced_lines(world, looks, command.format)


# -- a list ----------------------------------------------------------------------------------


def list_lines(name: str, content: ListContent, form: str) -> Iterator[str]:
    """One version of a list in one of `FORMS`; entry by entry, as it was stated."""
    if form == NFT:
        return of_list(name, merge(content.ranges(4)), merge(content.ranges(6)))
    texts = (
        block
        for family in (4, 6)
        for some in pairs(content.ranges(family))
        for first, last in some
        for block in blocks(family, first, last)
    )
    if form == TEXT:
        return chain([f"# list {name} version {content.version}"], texts)
    version = content.version
    if form == CSV:
        return _csv(LIST_COLUMNS, ((text, name, str(version)) for text in texts))
    return (json.dumps({"prefix": text, "list": name, "version": version}) for text in texts)


# -- what is enforced ------------------------------------------------------------------------


def _enforced_lines(world: World, devices: list[str], form: str) -> Iterator[str]:
    parts = _enforced(world, devices)
    if form == NFT:
        return script(list(parts), world.device(devices[0]).hooks)
    if form == TEXT:
        return chain.from_iterable(map(_text, parts))
    cells = ((part, row) for part in parts for row in rows(part))
    if form == CSV:
        return _csv(COLUMNS, (_cells(part, row) for part, row in cells))
    return (json.dumps(dict(zip(COLUMNS, _cells(*pair), strict=True))) for pair in cells)


def _enforced(world: World, devices: Iterable[str]) -> Iterator[Enforced]:
    """What must stand on each device now, as far as it can hold it. Asks no device."""
    now = world.clock.now()
    book = OrderBook(world.topology)
    fill(book, world.database, now)
    owner = world.evidence.identity()
    for name in devices:
        device = world.device(name)
        state = DesiredState(name, book)
        state.advance(now)
        capability = world.driver_for(device, owner).capability
        desired = Holdable(device, capability).part(state.desired)
        for rule in desired.rules():
            members = desired.addresses.get(rule, Members.none())
            yield Enforced(name, rule, members, desired.interfaces.get(rule, ()))


def _text(part: Enforced) -> Iterator[str]:
    rule = part.rule
    about = f"{part.device}: {_about(rule)}"
    limits = [f"peers {peers}"] if (peers := peers_words(rule)) or rule.peers is not None else []
    limits += [f"except {except_words(rule)}"] if rule.exempt else []
    yield f"# {'; '.join([about, *limits])}"
    # Who reads plain text reads "block this": what is blocked in part must not be said so.
    for row in rows(part):
        yield row.prefix if part.whole else f"# {row.prefix or row.interface}"


def _about(rule: Rule) -> str:
    if rule.key is Key.INTERFACE:
        return "shut down"
    if rule.key is Key.SESSION:
        return "BGP sessions shut down"
    return f"{DIRECTIONS[rule.key]}, IPv{rule.family}, {service_words(rule)}"


def _cells(part: Enforced, row: Row) -> _Cells:
    rule = part.rule
    return (
        row.prefix,
        row.interface,
        DIRECTIONS[rule.key],
        service_words(rule),
        peers_words(rule),
        except_words(rule),
        row.order_id,
        row.ends,
        part.device,
    )


class _Echo:
    """A file for `csv.writer` that gives back what is written."""

    def write(self, text: str) -> str:
        return text


def _csv(header: _Cells, cells: Iterable[_Cells]) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="")
    return (str(writer.writerow(one)) for one in chain([header], cells))
