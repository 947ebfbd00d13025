# SPDX-License-Identifier: GPL-2.0-or-later
"""Any JSON webhook, by a mapping in the settings: Graylog, Splunk, Kentik, rspamd, your own.

``[service.intake.adapters.generic.NAME]`` says for each part of a signal where it is: a text that
begins with ``$`` is a JSONPath (RFC 9535), anything else is meant word for word. ``each`` is the
path of the items, where one request brings several. ``evidence`` must be stated there, by a path
or a word; without it nothing blocks a source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jsonpath
from jsonpath import JSONPath
from jsonpath.exceptions import JSONPathError

from enforcer.core.signals import Part, Signal, Status
from enforcer.core.times import parse_duration
from enforcer.errors import ConfigurationInvalid, InvalidInput
from enforcer.intake.documents import (
    MOST_SIGNALS,
    evidence_of,
    instant_of,
    network_of,
    port_of,
    protocol_of,
    read_json,
    severity_of,
    text_of,
    word_of,
)

_PARTS = frozenset(
    [
        "target",
        "peer",
        "type",
        "evidence",
        "part",
        "id",
        "key",
        "severity",
        "port",
        "protocol",
        "at",
        "status",
        "reporter",
        "duration",
    ]
)
_KEYS = _PARTS | {"each", "fields", "resolved_when"}

Source = JSONPath | str
"""Where a value is: a compiled path, or the value itself."""


@dataclass(frozen=True)
class Webhook:
    """One mapping, compiled. `resolved_when`: values of `status` that say that it is over."""

    name: str
    parts: Mapping[str, Source]
    fields: Mapping[str, Source] = field(default_factory=dict)
    each: JSONPath | None = None
    resolved_when: frozenset[str] = frozenset(["resolved"])

    def read(self, raw: bytes) -> list[Signal]:
        """The signals in `raw`. Raises InvalidInput."""
        document = read_json(raw)
        if not isinstance(document, dict | list):
            raise InvalidInput("the JSON is neither an object nor a list")
        items = [document] if self.each is None else _found(self.each, document)
        if len(items) > MOST_SIGNALS:
            raise InvalidInput(f"more than {MOST_SIGNALS} items at once: send them in parts")
        if not items:
            raise InvalidInput(f"nothing in it is where `each` ({self.each}) says")
        return [self._signal(one) for one in items]

    def _signal(self, item: object) -> Signal:
        values = {name: _value(source, item) for name, source in self.parts.items()}
        kind = word_of(values.get("type"))
        if not kind:
            raise InvalidInput("there is no `type` where the mapping says")
        stated = text_of(values.get("target"))
        target = network_of(stated)
        if not stated:
            raise InvalidInput("there is no `target` where the mapping says")
        over = text_of(values.get("status")).lower() in self.resolved_when
        return Signal(
            f"generic-{self.name}",
            kind,
            target,
            instant_of(values.get("at")),
            evidence_of(values.get("evidence")),
            Part.VICTIM if text_of(values.get("part")) == Part.VICTIM else Part.SOURCE,
            network_of(values.get("peer")),
            text_of(values.get("id")),
            text_of(values.get("key")),
            severity_of(values.get("severity")),
            port_of(values.get("port")),
            protocol_of(values.get("protocol")),
            Status.RESOLVED if over else Status.FIRING,
            text_of(values.get("reporter")),
            _duration(values.get("duration")),
            {name: _value(source, item) for name, source in self.fields.items()},
            () if target is not None else ("its target is not an address",),
        )


def read_mapping(name: str, stated: Mapping[str, Any]) -> Webhook:
    """A mapping out of the settings. Raises ConfigurationInvalid naming its key."""
    place = f"service.intake.adapters.generic.{name}"
    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 30:
        raise ConfigurationInvalid(f"{place}: a name has letters, digits, - and _, at most 30")
    for key in stated:
        if key not in _KEYS:
            raise ConfigurationInvalid(f"{place}: {key}: there is no such key: {sorted(_KEYS)}")
    for key in ("target", "type"):
        if key not in stated:
            raise ConfigurationInvalid(f"{place}: {key}: say where it is")
    fields = stated.get("fields", {})
    if not isinstance(fields, Mapping):
        raise ConfigurationInvalid(f"{place}: fields: write a table of paths")
    over = stated.get("resolved_when", ["resolved"])
    over = [over] if isinstance(over, str) else over
    each = _source(place, "each", stated["each"]) if "each" in stated else None
    if isinstance(each, str):
        raise ConfigurationInvalid(f"{place}: each: write a JSONPath, such as $.alerts[*]")
    parts = {key: _source(place, key, stated[key]) for key in _PARTS & stated.keys()}
    inner = {key: _source(place, f"fields.{key}", value) for key, value in fields.items()}
    return Webhook(name, parts, inner, each, frozenset(str(one).lower() for one in over))


def _source(place: str, key: str, value: object) -> Source:
    if not isinstance(value, str):
        raise ConfigurationInvalid(f"{place}: {key}: write text, a JSONPath begins with $")
    if not value.startswith("$"):
        return value
    try:
        found = jsonpath.compile(value)
    except JSONPathError as problem:
        raise ConfigurationInvalid(f"{place}: {key}: is no JSONPath: {problem}") from None
    if not isinstance(found, JSONPath):
        raise ConfigurationInvalid(f"{place}: {key}: write one JSONPath, without | and &")
    return found


def _value(source: Source, item: object) -> object:
    if isinstance(source, str):
        return source
    found = _found(source, item)
    return found[0] if found else None


def _found(path: JSONPath, item: object) -> list[object]:
    if not isinstance(item, dict | list):
        return []
    try:
        return list(path.findall(item))
    except JSONPathError as problem:
        raise InvalidInput(f"{path} does not fit what came: {problem}") from None


def _duration(value: object) -> timedelta | None:
    text = text_of(value)
    if not text:
        return None
    try:
        return parse_duration(f"{text}s" if text.isdecimal() else text)
    except InvalidInput:
        return None
