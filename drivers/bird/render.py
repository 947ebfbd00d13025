# SPDX-License-Identifier: GPL-2.0-or-later
"""Our include file as text. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import numpy as np

from drivers._router.target import Target, prefixes
from drivers.bird.model import IncludeFile, Items
from drivers.bird.names import (
    HEADER,
    OWNER,
    SHUT,
    STATE,
    WAYS,
    digest_of,
    function_name,
    quoted,
    set_name,
)
from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.routes import RouteEntry, entries
from enforcer.core.rules import Key, Owner, Rule
from enforcer.core.sessions import CLOSED

PLACEHOLDER = {4: "255.255.255.255/32{32,32}", 6: "100::ffff/128{128,128}"}
"""No route of anybody's (RFC 919 section 7, RFC 6666): a constant is never an empty set."""
HEADER_TEXT = """\
# Written by enforcer, and read by BIRD where the configuration includes it.
# Do not edit: what is changed here is noticed and taken back.
"""
_TYPES = {4: "NET_IP4", 6: "NET_IP6"}


def digest(text: str) -> str:
    """16 hexadecimal digits that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def mark_text(owner: Owner) -> str:
    """Whose file it is, up to which change."""
    words = f"{owner.controller} {owner.epoch} {owner.position} {owner.digest or '-'}"
    return f'define {OWNER} = "{words}";\n'


def union_of(found: Iterable[RouteEntry]) -> Ranges:
    """The addresses of entries, canonical."""
    return merge(rows_of(entry.prefix for entry in found))


def set_text(rule: Rule, ranges: Ranges) -> str:
    """The constant of one rule: what it rejects; its members too where that does not tell them."""
    return _set_text(rule, ranges.first.tobytes(), ranges.last.tobytes())


@lru_cache(maxsize=32)
def _set_text(rule: Rule, first: bytes, last: bytes) -> str:
    """One reading, comparison and plan ask for the same text several times."""
    columns = (np.frombuffer(column, np.uint64).reshape(-1, 2) for column in (first, last))
    ranges = Ranges(*columns)
    name, found = set_name(rule), entries(rule, ranges)
    lines = [f"  {e.prefix}{{{e.shortest},{e.longest}}}" for e in found]
    body = ",\n".join(lines or [f"  {PLACEHOLDER[rule.family]}"])
    text = f"define {name} = [\n{body}\n];\n"
    if union_of(found).pairs() != ranges.pairs():
        members = " ".join(map(str, prefixes(rule.family, ranges)))
        text = f"# {name} is of {members}\n{text}"
    return text + f'define {name}_SUM = "{digest(text)}";\n'


def shut_text(neighbors: Iterable[str]) -> str:
    """Which neighbors' sessions are shut down by us."""
    return f'define {SHUT} = "{" ".join(sorted(neighbors))}";\n'


def function_text(neighbor: str, way: Key, rules: Iterable[Rule], shut: bool = False) -> str:
    """The function that says whether a route is to be rejected; `shut`: every one."""
    if shut:
        return f"function {function_name(neighbor, way)}()\n{{\n  return true;\n}}\n"
    lines = [f"function {function_name(neighbor, way)}()", "{"]
    lines += [f"  if {_condition(rule)} then return true;" for rule in rules]
    return "\n".join([*lines, "  return false;", "}", ""])


def _condition(rule: Rule) -> str:
    said = [f"net.type = {_TYPES[rule.family]}", f"net ~ {set_name(rule)}"]
    if rule.routes is not None and rule.routes.origin is not None:
        said.append(f"bgp_path.last = {rule.routes.origin}")
    if rule.routes is not None and rule.routes.passes is not None:
        said.append(f"bgp_path ~ [= * {rule.routes.passes} * =]")
    return " && ".join(said)


def layout(neighbors: Iterable[str], target: Target) -> dict[str, str]:
    """What our file says of `target`, the mark aside: constants first, then functions."""
    routed = [rule for rule in target.rules() if rule.by_route]
    items = {HEADER: HEADER_TEXT}
    items |= {set_name(rule): set_text(rule, target.addresses[rule]) for rule in routed}
    closed = target.interfaces.get(CLOSED, frozenset())
    if closed:
        items[SHUT] = shut_text(closed)
    named = dict.fromkeys((*neighbors, *(rule.neighbor for rule in routed), *sorted(closed)))
    for neighbor in named:
        for way in WAYS:
            mine = [r for r in routed if r.neighbor == neighbor and r.key is way]
            items[function_name(neighbor, way)] = function_text(
                neighbor, way, mine, neighbor in closed
            )
    return items


def ordered(items: Items) -> dict[str, str]:
    """Constants before the functions that name them; what is not ours keeps its order."""
    return {name: items[name] for name in sorted(items, key=_rank)}


def _rank(name: str) -> tuple[int, str]:
    if name == HEADER:
        return 0, ""
    if name == OWNER:
        return 1, ""
    if digest_of(name):
        return 2, name
    if name == SHUT:
        return 4, ""
    if name.startswith(("enf_in_", "enf_out_")):
        return 5, name
    return 3, ""


def state_of(items: Items) -> str:
    """The digest of everything that the file says, hold markers aside."""
    return digest("".join(ordered(items).values()))


def content(file: IncludeFile) -> bytes:
    """The whole file."""
    items = ordered(file.items)
    parts = [items.pop(HEADER, ""), *(f"{line}\n" for line in file.holds), *items.values()]
    return ("".join(parts) + f'define {STATE} = "{state_of(file.items)}";\n').encode()


# -- what a person is shown ------------------------------------------------------------------


def differences(before: Items, after: Items) -> Iterator[str]:
    """The lines that go and come, by symbol."""
    for name in ordered(dict.fromkeys((*before, *after), "")):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            yield from _lines(old, new)


def _lines(old: str, new: str) -> Iterator[str]:
    was, now = ([line.rstrip(",") for line in text.splitlines()] for text in (old, new))
    gone, come = set(was), set(now)
    yield from (f"- {line}" for line in was if line not in come)
    yield from (f"+ {line}" for line in now if line not in gone)


def commands(close: Mapping[str, str], reopen: Iterable[str], confirm: int) -> Iterator[str]:
    """What is typed once the file is written. `close`: by protocol the message."""
    yield "birdc configure check"
    yield f"birdc configure timeout {confirm}"
    yield from (f'birdc disable {quoted(name)} "{said}"' for name, said in sorted(close.items()))
    yield from (f"birdc enable {quoted(name)}" for name in sorted(reopen))
    yield "birdc configure confirm"
