# SPDX-License-Identifier: GPL-2.0-or-later
"""From one structure of our table to another, as nft's commands. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from drivers.nftables.names import MARK, TABLE
from drivers.nftables.parse import mark_text
from drivers.nftables.remote.model import Chain, Json, SetDefinition, Structure
from drivers.nftables.remote.moves import WHERE
from drivers.nftables.remote.render import address
from enforcer.core.rules import Owner


def made(shape: Structure, mark: Owner) -> Iterator[Json]:
    """A table where there is none, with its mark."""
    yield {"add": {"table": {"family": "inet", "name": TABLE}}}
    yield from came(Structure(), shape)
    yield from _marked(mark)


def _marked(mark: Owner) -> Iterator[Json]:
    element: Json = {"elem": {"val": 1, "comment": mark_text(mark)}}
    yield {"add": {"element": {**WHERE, "name": MARK, "elem": [element]}}}


def remarked(mark: Owner) -> Iterator[Json]:
    """Another mark in the place of the one that is there."""
    yield {"flush": {"set": {**WHERE, "name": MARK}}}
    yield from _marked(mark)


def came(old: Structure, new: Structure) -> Iterator[Json]:
    """What `new` has and `old` has not; base chains are filled last, with all their jumps."""
    for name, definition in new.sets.items():
        if name not in old.sets:
            yield from _set(name, definition, new)
    for name, chain in new.chains.items():
        if name not in old.chains:
            yield {"add": {"chain": {**WHERE, "name": name, **_hooked(chain)}}}
    for name, chain in sorted(new.chains.items(), key=lambda c: bool(c[1].hook)):
        known = old.chains.get(name)
        if known is not None and known.lines != chain.lines:
            yield {"flush": {"chain": {**WHERE, "name": name}}}
        if known is None or known.lines != chain.lines:
            for line in chain.lines:
                yield {"add": {"rule": {**WHERE, "chain": name, "expr": json.loads(line)}}}


def _set(name: str, definition: SetDefinition, new: Structure) -> Iterator[Json]:
    body: Json = {**WHERE, "name": name, "type": definition.kind}
    if definition.interval:
        body["flags"] = ["interval"]
    if definition.statements:
        body["stmt"] = [{s: None} for s in definition.statements]
    yield {"add": {"set": body}}
    spans = sorted(new.fixed.get(name, ()))
    if spans:
        family = 4 if definition.kind == "ipv4_addr" else 6
        elem = [{"range": [address(family, end) for end in span]} for span in spans]
        yield {"add": {"element": {**WHERE, "name": name, "elem": elem}}}


def went(old: Structure, new: Structure) -> Iterator[Json]:
    """What `old` has and `new` has not; nothing names it any more."""
    for name in sorted(old.chains.keys() - new.chains.keys()):
        yield {"flush": {"chain": {**WHERE, "name": name}}}
    for kind, gone in (
        ("chain", sorted(old.chains.keys() - new.chains.keys())),
        ("set", sorted(old.sets.keys() - new.sets.keys())),
    ):
        for name in gone:
            yield {"delete": {kind: {**WHERE, "name": name}}}


def _hooked(chain: Chain) -> Json:
    if not chain.hook:
        return {}
    return {
        "type": "filter",
        "hook": chain.hook,
        "prio": chain.priority,
        "policy": chain.policy,
    }
