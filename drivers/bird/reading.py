# SPDX-License-Identifier: GPL-2.0-or-later
"""Read one BIRD: our file, what is in force, the sessions, the operator's filters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from drivers.bird import answers
from drivers.bird.configured import configuration
from drivers.bird.control import Control, symbol, waiting
from drivers.bird.model import Box, IncludeFile, Protocol
from drivers.bird.names import STATE, WAYS, digest_of, function_name, quoted
from drivers.bird.parse import include_file, set_entries, sum_in
from drivers.bird.render import state_of
from drivers.bird.setup import Setup
from enforcer.core.routes import RouteEntry
from enforcer.core.rules import HOLD_MARKER, Key
from enforcer.errors import ParseFailed

_SAMPLES = 4
_CONDITIONS = 8
"""Joined in one command: BIRD hangs up on one of 1,024 bytes."""
_CONDITION = re.compile(r"^if (.*) then return true;$")


@dataclass(frozen=True, eq=False)
class Look:
    """A short look. `down`: every protocol that is disabled, with the message. `token`: of all
    that decides whether our rules are as they were. `waits`: what BIRD says of a configuration
    that waits for its confirmation. `digests`: of files, by path."""

    status: answers.Status
    running: str | None
    protocols: tuple[Protocol, ...]
    down: Mapping[str, str]
    token: str
    waits: str
    digests: Mapping[str, str]


def look(setup: Setup, control: Control) -> Look:
    """What is in force now, and the digests of the files."""
    device, digests = setup.device, control.digests()
    asked = control.ask_each(
        ("configure status", "show status", f"eval {STATE}", "show protocols all")
    )
    waits = waiting(device, asked[0])
    said = answers.status(device, asked[1])
    status = replace(
        said,
        started=control.moment("started", said.started),
        configured=control.moment("configured", said.configured),
    )
    running = symbol(device, STATE, asked[2])
    found = answers.protocols(device, asked[3])
    facts = repr((sorted(digests.items()), status, running, sorted(found.down.items())))
    token = hashlib.blake2b(facts.encode(), digest_size=12).hexdigest()
    return Look(status, running, found.bgp, found.down, token, waits, digests)


def read_box(setup: Setup, control: Control) -> tuple[Box, Look]:
    """Everything, and the look for which it is true."""
    seen = look(setup, control)
    raw = control.content(setup.include, seen.digests.get(setup.include, ""))
    file = include_file(setup.device, raw or b"")
    by_neighbor: dict[str, list[Protocol]] = {}
    for one in seen.protocols:
        by_neighbor.setdefault(one.neighbor, []).append(one)
    said = control.configuration(seen.digests)
    box = Box(
        file,
        seen.running,
        proven(control, file, seen.running),
        bool(file.holds) or (said is not None and HOLD_MARKER in said[0]),
        {neighbor: tuple(some) for neighbor, some in by_neighbor.items()},
        configuration(said[0]) if said is not None else None,
        passing(setup, control, file, seen),
    )
    return box, seen


def proven(control: Control, file: IncludeFile, running: str | None) -> frozenset[str]:
    """The constants of rules that BIRD has in force as our file has them.

    By the digests that it knows, and by asking for some of their prefixes.
    """
    names = [name for name in file.items if digest_of(name)]
    if running is None:
        return frozenset()
    if running != state_of(file.items):
        names = [n for n in names if control.symbol(f"{n}_SUM") == (sum_in(file.items[n]) or None)]
    asked = {n: samples(n, set_entries(file.items[n]) or ()) for n in names}
    return frozenset(true(control, asked))


def samples(name: str, entries: tuple[RouteEntry, ...]) -> str:
    """An expression that is true where some of `entries` are in a constant."""
    step = max(1, len(entries) // _SAMPLES)
    some = [f"({e.prefix} ~ {name})" for e in entries[::step] if e.shortest == e.prefix.prefixlen]
    return " && ".join(some[: _SAMPLES + 1]) or "true"


def true(control: Control, asked: Mapping[str, str]) -> list[str]:
    """Those names whose expression is true. One that is refused is not."""
    replies = control.ask_each([f"eval {said}" for said in asked.values()]) if asked else []
    return [n for n, reply in zip(asked, replies, strict=True) if reply.text() == "TRUE"]


def passing(
    setup: Setup, control: Control, file: IncludeFile, seen: Look
) -> dict[tuple[str, Key], int]:
    """By neighbor and way, how many routes pass although our functions reject them."""
    found: dict[tuple[str, Key], int] = {}
    if seen.running is None:
        return found
    for one in seen.protocols:
        for way in WAYS:
            function = function_name(one.neighbor, way)
            asked = judged(function, file.items.get(function, ""))
            if asked:
                number = sum(passed(setup, control, one, way, which) for which in asked)
                found[one.neighbor, way] = found.get((one.neighbor, way), 0) + number
    return found


def judged(name: str, text: str) -> tuple[str, ...]:
    """Expressions for the routes that a function of ours rejects by their prefix.

    Each is short enough for one command. What a filter did to a path cannot be told afterwards,
    so that conditions on paths are left out: a route that passes may have met them only since.
    """
    found = [line.strip() for line in text.splitlines()]
    if "return true;" in found:
        return ("true",)
    said = [m[1] for line in found if (m := _CONDITION.match(line))]
    plain = [one for one in said if "bgp_path" not in one]
    if len(plain) == len(said):
        return (f"{name}()",) if said else ()
    parts = range(0, len(plain), _CONDITIONS)
    return tuple(" || ".join(f"({c})" for c in plain[at : at + _CONDITIONS]) for at in parts)


def passed(setup: Setup, control: Control, protocol: Protocol, way: Key, which: str) -> int:
    """How many of a protocol's routes pass one way that `which` is true of."""
    if not protocol.established:
        return 0
    chosen = "protocol" if way is Key.RECEIVED else "export"
    command = f"show route {chosen} {quoted(protocol.name)} where {which} count"
    reply = control.ask(command)
    if reply.refusal:
        if absent(reply.refusal):
            return 0
        raise ParseFailed(setup.device, f"`{command}` was refused: {reply.refusal}")
    return answers.count(setup.device, reply)


def absent(refusal: str) -> bool:
    """Whether a refusal says that there is nothing: no table, no network, no symbol."""
    words: Iterable[str] = ("No valid tables", "Network not found", "CF_SYM_UNDEFINED")
    return any(word in refusal for word in words)
