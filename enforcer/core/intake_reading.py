# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the rules of intake out of the settings; what is wrong is named by rule and key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Any, Literal

from enforcer.core.intake_rules import PLACES, REASON, Do, Match, Ordering, Place, Rule, places_in
from enforcer.core.ladder import Ladder
from enforcer.core.orders import Direction, PortRange, Scope
from enforcer.core.prefixes import parse_network
from enforcer.core.services import WITH_PORTS, parse_ports, parse_protocols
from enforcer.core.signals import MAIL_FORMATS, SEVERITIES, Of
from enforcer.core.times import parse_duration
from enforcer.errors import ConfigurationInvalid, InvalidInput

KINDS = (
    "block_address",
    "block_port",
    "block_flow",
    "blackhole",
    "suspend_customer",
    "cut_feed",
)
MOST_COUNTED = 1000
_DIRECTED = frozenset({"block_address", "block_port", "block_flow"})
_ORDER_KEYS = frozenset(
    [
        "kind",
        "of",
        "direction",
        "duration",
        "ladder",
        "decay",
        "order_ports",
        "order_protocols",
        "devices",
        "roles",
        "sites",
        "keep",
        "by",
        "exports",
        "reason",
        "ticket",
        "threshold",
        "within",
        "lift",
    ]
)
KEYS = _ORDER_KEYS | {
    "name",
    "do",
    "format",
    "source",
    "type",
    "reporter",
    "severity",
    "target_in",
    "peer_in",
    "port",
    "protocol",
    "fields",
    "again",
}


class _Wrong(Exception):
    """`key` of a rule is wrong, because of `why`."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(why)
        self.key = key


def read_rules(stated: Sequence[Mapping[str, Any]], default_duration: str) -> tuple[Rule, ...]:
    """The rules, in order. Raises ConfigurationInvalid naming the rule and the key."""
    rules: list[Rule] = []
    for number, one in enumerate(stated, 1):
        name = one.get("name")
        place = f"service.intake.rules: rule {number}" + (f" ({name})" if name else "")
        try:
            rule = _rule(one, default_duration)
        except _Wrong as wrong:
            raise ConfigurationInvalid(f"{place}: {wrong.key}: {wrong}") from None
        if any(rule.name == other.name for other in rules):
            raise ConfigurationInvalid(f"{place}: name: another rule has it: give each its own")
        rules.append(rule)
    return tuple(rules)


def _rule(stated: Mapping[str, Any], default: str) -> Rule:
    for key in stated:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            hint = f": did you mean {near[0]}?" if near else ": see docs/detectors/rules.md"
            raise _Wrong(key, f"there is no such key{hint}")
    name = _text(stated, "name")
    if not name or len(name) > 60 or not name.replace("-", "").replace("_", "").isalnum():
        raise _Wrong("name", "give each rule a name of letters, digits, - and _")
    do = _do(stated)
    if do != "order":
        for key in sorted(_ORDER_KEYS & stated.keys()):
            raise _Wrong(key, f'means nothing where do = "{do}": leave it out, or do = "order"')
        return Rule(name, do, _match(stated), again=_time(stated, "again", "1h"))
    match = _match(stated)
    if match.formats and MAIL_FORMATS.issuperset(match.formats):
        raise _Wrong("do", 'mails never order anything, anybody can send one: write do = "open"')
    return Rule(
        name,
        "order",
        match,
        _ordering(stated, default),
        _number(stated, "threshold", 1),
        _time(stated, "within", "1h"),
        _time(stated, "again", "1h"),
        _flag(stated, "lift"),
    )


def _do(stated: Mapping[str, Any]) -> Do:
    value = _choice(stated, "do", ("order", "open", "ignore"), "")
    if value == "order":
        return "order"
    if value == "open":
        return "open"
    return "ignore"


def _match(stated: Mapping[str, Any]) -> Match:
    fields = stated.get("fields", {})
    if not isinstance(fields, Mapping) or not all(
        isinstance(v, str | int | float) for v in fields.values()
    ):
        raise _Wrong("fields", 'write a table such as { malware_family = "zeus*" }')
    return Match(
        _globs(stated, "format"),
        _globs(stated, "source"),
        _globs(stated, "type"),
        _globs(stated, "reporter"),
        _choice(stated, "severity", ("", *SEVERITIES), ""),
        tuple(_places(stated, "target_in")),
        tuple(_places(stated, "peer_in")),
        _ports(stated, "port"),
        _protocols(stated, "protocol"),
        {name: _word(value) for name, value in fields.items()},
    )


def _ordering(stated: Mapping[str, Any], default: str) -> Ordering:
    kind = _choice(stated, "kind", KINDS, "")
    of: Of = "peer" if _choice(stated, "of", ("target", "peer"), "target") == "peer" else "target"
    by: Literal["prefixes", "interface"] = "prefixes"
    if _choice(stated, "by", ("prefixes", "interface"), "prefixes") == "interface":
        by = "interface"
    _only_for(stated, "by", kind, {"suspend_customer"})
    _only_for(stated, "exports", kind, {"blackhole"})
    _only_for(stated, "direction", kind, _DIRECTED)
    _only_for(stated, "keep", kind, _DIRECTED | {"suspend_customer"})
    for key in ("order_ports", "order_protocols"):
        _only_for(stated, key, kind, {"block_port"})
    ports, protocols = _ports(stated, "order_ports"), _protocols(stated, "order_protocols")
    if ports and not (protocols and WITH_PORTS.issuperset(protocols)):
        raise _Wrong("order_protocols", "ports need the protocols they are of: tcp, udp ...")
    return Ordering(
        kind,
        _ladder(stated, default),
        of,
        _direction(stated, kind),
        stated.get("duration") == "asked",
        ports,
        protocols,
        Scope(_names(stated, "devices"), _names(stated, "roles"), _names(stated, "sites")),
        _names(stated, "keep"),
        by,
        _names(stated, "exports"),
        _template(stated, "reason", REASON),
        _template(stated, "ticket", ""),
    )


def _direction(stated: Mapping[str, Any], kind: str) -> Direction:
    if kind == "blackhole":
        return Direction.TO
    if kind not in _DIRECTED:
        return Direction.BOTH
    return Direction(_choice(stated, "direction", ("from", "to", "both"), "both"))


def _ladder(stated: Mapping[str, Any], default: str) -> Ladder:
    decay = _time(stated, "decay", "30d") if "decay" in stated else None
    if "ladder" not in stated:
        if decay is not None:
            raise _Wrong("decay", "means nothing without a ladder")
        asked = stated.get("duration") == "asked"
        return Ladder((_time({} if asked else stated, "duration", default),))
    if "duration" in stated and stated["duration"] != "asked":
        raise _Wrong("duration", "give a duration or a ladder, not both")
    rungs = stated["ladder"]
    if not isinstance(rungs, list | tuple) or not rungs:
        raise _Wrong("ladder", 'write a list of durations such as ["1h", "6h", "1d"]')
    steps = tuple(_time({"ladder": rung}, "ladder", "") for rung in rungs)
    if list(steps) != sorted(steps):
        raise _Wrong("ladder", "each step must last as long as the one before, or longer")
    return Ladder(steps, decay)


def _places(stated: Mapping[str, Any], key: str) -> Iterator[Place]:
    for word in _names(stated, key):
        if word in ("ours", "others", "customers"):
            yield Place(word)
        elif word.startswith("customer:"):
            yield Place(customer=word.removeprefix("customer:"))
        else:
            try:
                yield Place(prefix=parse_network(word))
            except InvalidInput as problem:
                raise _Wrong(
                    key, f"{problem}; or write ours, others, customers, customer:NAME"
                ) from None


def _template(stated: Mapping[str, Any], key: str, default: str) -> str:
    text = _text(stated, key) if key in stated else default
    for place in places_in(text):
        if place not in PLACES and not place.startswith("fields."):
            known = ", ".join(sorted(PLACES))
            raise _Wrong(key, f"nothing fills {{{place}}}: there are {known} and fields.NAME")
    if key == "reason" and not text.strip():
        raise _Wrong(key, "an order needs a reason: write some words, or leave the key out")
    return text


def _only_for(
    stated: Mapping[str, Any], key: str, kind: str, kinds: set[str] | frozenset[str]
) -> None:
    if key in stated and kind not in kinds:
        raise _Wrong(key, f"means nothing for {kind}, only for {', '.join(sorted(kinds))}")


def _text(stated: Mapping[str, Any], key: str) -> str:
    value = stated.get(key, "")
    if not isinstance(value, str):
        raise _Wrong(key, "write text in quotes")
    return value


def _choice(stated: Mapping[str, Any], key: str, choices: tuple[str, ...], default: str) -> str:
    value = stated.get(key, default)
    if value not in choices:
        named = ", ".join(choice for choice in choices if choice)
        raise _Wrong(key, f"write one of {named}")
    return str(value)


def _names(stated: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = stated.get(key, ())
    several = (value,) if isinstance(value, str) else value
    if not isinstance(several, list | tuple) or not all(
        isinstance(one, str) and one for one in several
    ):
        raise _Wrong(key, 'write text, or a list of texts: ["one", "two"]')
    return tuple(several)


def _globs(stated: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(name.lower() for name in _names(stated, key))


def _word(value: object) -> str:
    return str(value).lower()


def _time(stated: Mapping[str, Any], key: str, default: str) -> timedelta:
    value = stated.get(key, default)
    if not isinstance(value, str):
        raise _Wrong(key, 'write a duration in quotes, such as "1h"')
    try:
        return parse_duration(value)
    except InvalidInput as problem:
        raise _Wrong(key, str(problem)) from None


def _number(stated: Mapping[str, Any], key: str, default: int) -> int:
    value = stated.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_COUNTED:
        raise _Wrong(key, f"write a number from 1 to {MOST_COUNTED}")
    return value


def _flag(stated: Mapping[str, Any], key: str) -> bool:
    value = stated.get(key, False)
    if not isinstance(value, bool):
        raise _Wrong(key, "write true or false")
    return value


def _ports(stated: Mapping[str, Any], key: str) -> tuple[PortRange, ...]:
    text = _listed(stated, key)
    try:
        return parse_ports(text) if text else ()
    except InvalidInput as problem:
        raise _Wrong(key, str(problem)) from None


def _protocols(stated: Mapping[str, Any], key: str) -> tuple[int, ...]:
    text = _listed(stated, key)
    try:
        return parse_protocols(text) if text else ()
    except InvalidInput as problem:
        raise _Wrong(key, str(problem)) from None


def _listed(stated: Mapping[str, Any], key: str) -> str:
    value = stated.get(key, "")
    if isinstance(value, list | tuple):
        return ",".join(str(one) for one in value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _Wrong(key, "write numbers or names")
    return str(value)
