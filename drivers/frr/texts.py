# SPDX-License-Identifier: GPL-2.0-or-later
"""Work cut into batches, and as the text that a person reads. Pure, lazy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers.frr.model import Binding, Object
from drivers.frr.planning import Move, Wanted, Work, mark_lines, swap_lines
from drivers.frr.render import bind_lines, lines_of
from enforcer.core.plan import ALL, Batch


@dataclass(frozen=True)
class Payload:
    """One batch: lines of configuration for bgpd, then objects that go, then routes judged anew.

    `moves`: what the lines attach. `proofs`: what must pass no more afterwards. `last`: no other
    batch of the plan follows.
    """

    lines: tuple[str, ...] = ()
    remove: tuple[Object, ...] = ()
    refresh: tuple[Binding, ...] = ()
    moves: tuple[Move, ...] = ()
    proofs: Mapping[Binding, Wanted] = field(default_factory=dict)
    last: bool = True


def batches(work: Work) -> tuple[Batch, ...]:
    """What nobody sees yet, and then what takes effect."""
    build = list(mark_lines(work))
    for built in work.built:
        build.extend(built.lines())
    swap = tuple(swap_lines(work))
    effect = Payload(swap, work.remove, work.refresh, work.moves, work.proofs)
    size = len(swap) + len(work.remove) + len(work.refresh)
    found = []
    if build:
        only = Payload(tuple(build), last=not size)
        found.append(Batch(only, len(build), ALL, f"{len(build)} lines built"))
    if size:
        said = f"{len(work.moves)} filters attached, {len(work.remove)} objects removed"
        found.append(Batch(effect, size, ALL, said, bool(swap)))
    return tuple(found)


def native(work: Work) -> Iterator[str]:
    """What is typed, in order."""
    for why in work.blocked:
        yield f"! left out: {why}"
    yield from mark_lines(work)
    for built in work.built:
        yield from built.lines()
    yield from swap_lines(work)
    yield from (f"no {thing.text}" for thing in work.remove)
    for binding in work.refresh:
        yield f"do {clear(binding)}"


def undo(work: Work) -> Iterator[str]:
    """The way back: what goes is made again, then the neighbors get it back."""
    for thing in work.remove:
        yield from lines_of(work.config, thing)
    back = [(binding, after, before) for binding, before, after in work.moves]
    lines = [*(_opposite(line) for line in work.session), *bind_lines(back)]
    if lines:
        yield work.config.router
        yield from lines
        yield "exit"
    for built in work.built:
        if built.entries:
            yield f"no route-map {built.name}"
        for thing, texts in built.lists.items():
            numbered = enumerate(texts, 1)
            yield from (f"no {thing.text} seq {number} {text}" for number, text in numbered)
    if work.mark is not None:
        # Nothing filters by it, and whose device it is remains true.
        yield "! the mark stays"
    for binding in work.refresh:
        yield f"do {clear(binding)}"


def _opposite(line: str) -> str:
    text = line.strip()
    name = text.split(" ")[2 if text.startswith("no ") else 1]
    return (
        f" neighbor {name} shutdown" if text.startswith("no ") else f" no neighbor {name} shutdown"
    )


def clear(binding: Binding) -> str:
    """Judge all routes anew; no session goes down."""
    return f"clear bgp ipv{binding.family} unicast {binding.neighbor} soft {binding.way}"
