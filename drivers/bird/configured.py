# SPDX-License-Identifier: GPL-2.0-or-later
"""The operator's configuration of BIRD, as far as it tells which filters call our functions. Pure.

Filters, functions, templates and BGP protocols are understood by their brackets and names; all
else is passed over. A name that stands before a bracket in a filter is a function that it calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from drivers.bird.model import Channel, ConfiguredBgp
from drivers.bird.names import MESSAGE
from enforcer.core.rules import Key

Words = tuple[str, ...]

_TOKEN = re.compile(r'#[^\n]*|/\*.*?\*/|"[^"\n]*"|[{}();]|[^\s{}();"#]+', re.DOTALL)
_INCLUDE = re.compile(r'^\s*include\s+"([^"]+)"\s*;', re.MULTILINE)
_FAMILIES = {"ipv4": 4, "ipv6": 6}
_WAYS = {"import": Key.RECEIVED, "export": Key.ANNOUNCED}
_BODIES = ("filter", "function")
_OFF = (("off",), ("no",), ("false",), ("0",))
_PAIRS = {"{": "}", "(": ")"}


def includes(text: str) -> tuple[str, ...]:
    """What a configuration includes, as written: paths or patterns."""
    return tuple(_INCLUDE.findall(_uncommented(text)))


def _uncommented(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def tokens(text: str) -> Words:
    """Words, strings and brackets, without comments; names without their quotes."""
    found = (t for t in _TOKEN.findall(text) if not t.startswith(("#", "/*")))
    return tuple(t if t.startswith('"') else t.replace("'", "") for t in found)


def statements(words: Words) -> Iterator[Words]:
    """Each up to its ``;`` outside of brackets, or to the bracket that ends its block."""
    begin = at = 0
    while at < len(words):
        if words[at] in _PAIRS:
            at = _closed(words, at)
            block = at < len(words) and words[at] == "}"
            following = words[at + 1] if at + 1 < len(words) else ""
            if block and following != ";":
                yield words[begin : at + 1]
                begin = at + 1
        elif words[at] == ";":
            if at > begin:
                yield words[begin:at]
            begin = at + 1
        at += 1
    if begin < len(words):
        yield words[begin:]


def _closed(words: Words, at: int) -> int:
    """Where the bracket at `at` is closed; the end where it is not."""
    depth = 0
    for number in range(at, len(words)):
        if words[number] in _PAIRS:
            depth += 1
        elif words[number] in _PAIRS.values():
            depth -= 1
            if depth == 0:
                return number
    return len(words)


def block(words: Words) -> Words:
    """What is between the outermost braces of a statement."""
    if "{" not in words:
        return ()
    begin = words.index("{")
    return words[begin + 1 : _closed(words, begin)]


def called(words: Words) -> frozenset[str]:
    """The names that stand before a round bracket."""
    return frozenset(a.lstrip("!&|=~<>") for a, b in pairwise(words) if b == "(")


@dataclass
class _Body:
    """What was said of a protocol or template so far."""

    neighbor: str = ""
    channels: dict[int, Channel] = field(default_factory=dict)
    disabled: bool = False


class _Configuration:
    """All named things, in their order: a template or a filter stands before its use."""

    def __init__(self) -> None:
        self.calls: dict[str, frozenset[str]] = {}
        self.filters: dict[str, frozenset[str]] = {}
        self.templates: dict[str, _Body] = {}
        self.found: list[ConfiguredBgp] = []
        self.disabled: list[tuple[str, str]] = []
        self._begun = ("", "")

    def take(self, words: Words) -> None:
        kind, name = words[0], words[1] if len(words) > 1 else ""
        if kind in _BODIES and "{" not in words:
            # Its variables stand before its body, each with a semicolon.
            self._begun = kind, name
            return
        if kind == "{":
            kind, name = self._begun
        if kind == "function":
            # In BIRD a function's own name is followed by a bracket too.
            self.calls[name] = self.through(called(block(words)))
        elif kind == "filter":
            self.filters[name] = self.through(called(block(words)))
        elif kind in ("protocol", "template") and name:
            self._protocol(words, words[: words.index("{")] if "{" in words else words)

    def through(self, names: frozenset[str]) -> frozenset[str]:
        return names.union(*(self.calls.get(name, frozenset()) for name in names))

    def _protocol(self, words: Words, head: Words) -> None:
        name = head[2] if len(head) > 2 and head[2] != "from" else ""
        parent = head[head.index("from") + 1] if "from" in head[:-1] else ""
        known = self.templates.get(parent, _Body())
        body = _Body(known.neighbor, dict(known.channels), known.disabled)
        for said in statements(block(words)):
            if said[0] == "neighbor" and len(said) > 1:
                body.neighbor = said[1].partition("%")[0]
            elif said[0] == "disabled":
                body.disabled = said[1:] not in _OFF
            elif said[0] in _FAMILIES:
                family = _FAMILIES[said[0]]
                body.channels[family] = self._channel(said, body.channels.get(family, Channel()))
        if head[0] == "template":
            self.templates[name] = body
            return
        if body.disabled:
            self.disabled.append((head[1], name))
        if head[1] == "bgp":
            self.found.append(ConfiguredBgp(name, body.neighbor, body.channels))

    def _channel(self, words: Words, inherited: Channel) -> Channel:
        calls: dict[Key, frozenset[str] | None] = dict(inherited.calls)
        table = inherited.table
        for said in statements(block(words)):
            if said[:2] == ("import", "table"):
                table = said[2:] not in _OFF
            elif said[0] in _WAYS and len(said) > 1:
                self._filter(calls, _WAYS[said[0]], said[1:])
        return Channel(calls, table)

    def _filter(self, calls: dict[Key, frozenset[str] | None], way: Key, said: Words) -> None:
        match said[0]:
            case "none":
                calls[way] = None
            case "all":
                calls[way] = frozenset()
            case "where":
                calls[way] = self.through(called(said[1:]))
            case "filter" if len(said) > 1 and said[1] != "{":
                calls[way] = self.filters.get(said[1], frozenset())
            case "filter":
                calls[way] = self.through(called(block(said)))


def configuration(text: str) -> tuple[ConfiguredBgp, ...]:
    """The BGP protocols of a configuration in which the includes were put in place."""
    return tuple(_understood(text).found)


def disabled(text: str, name: str) -> bool:
    """Whether a configuration has the protocol disabled that BIRD calls `name`.

    One without a name gets that of its kind with a number.
    """
    return any(
        name == said if said else bool(re.match(rf"^{re.escape(kind)}\d+$", name))
        for kind, said in _understood(text).disabled
    )


def by_hand(down: Mapping[str, str], text: str) -> list[str]:
    """The protocols that are down, by `down` with a message, and neither by us nor by `text`."""
    some = (name for name, why in down.items() if not why.startswith(MESSAGE))
    return sorted(name for name in some if not disabled(text, name))


def _understood(text: str) -> _Configuration:
    found = _Configuration()
    for words in statements(tokens(text)):
        found.take(words)
    return found
