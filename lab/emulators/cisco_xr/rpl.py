# SPDX-License-Identifier: GPL-2.0-or-later
"""Route policy language: prefix-sets and route-policies, read and evaluated.

A route is judged by its prefix and its AS path: conditions on anything else (communities, ...)
are false. A policy that ends without `pass`, `done` or `set` drops the route [DOC].
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network

from lab.emulators.cisco_xr import rpl_paths

Network = IPv4Network | IPv6Network
SetSource = Callable[[str], "list[Span] | None"]


class BadPolicy(ValueError):
    """RPL text that the router refuses; the message is the offending line or word."""


@dataclass(frozen=True)
class Span:
    """A member of a prefix-set: prefixes within `network` of `least` to `most` bits."""

    network: Network
    least: int
    most: int

    def matches(self, prefix: Network) -> bool:
        """Whether `prefix` is a member."""
        return (
            prefix.version == self.network.version
            and self.least <= prefix.prefixlen <= self.most
            and int(prefix.network_address) & int(self.network.netmask)
            == int(self.network.network_address)
            and prefix.prefixlen >= self.network.prefixlen
        )


def parse_member(text: str) -> Span:
    """`P`, `P le N`, `P ge N`, `P ge N le M` or `P eq N`.

    Raises:
        BadPolicy: anything else.
    """
    words = text.split()
    try:
        network = ip_network(words[0], strict=False)
        bounds = {words[i]: int(words[i + 1]) for i in range(1, len(words), 2)}
    except (ValueError, IndexError) as problem:
        raise BadPolicy(text) from problem
    longest = network.max_prefixlen
    if set(bounds) == {"eq"}:
        least = most = bounds["eq"]
    elif set(bounds) <= {"ge", "le"}:
        least = bounds.get("ge", network.prefixlen)
        most = bounds.get("le", longest if "ge" in bounds else network.prefixlen)
    else:
        raise BadPolicy(text)
    if not network.prefixlen <= least <= most <= longest:
        raise BadPolicy(text)
    return Span(network, least, most)


def set_lines(typed: Sequence[str]) -> list[str]:
    """The body of a prefix-set as printed: one member a line, no comma behind the last [CAPTURE].

    A comma behind the last member and one missing between two are refused [GUESS].

    Raises:
        BadPolicy: with the offending line.
    """
    members = [line for line in typed if not line.startswith("#")]
    for position, line in enumerate(members):
        if line.endswith(",") == (position == len(members) - 1):
            raise BadPolicy(line)
        for member in line.rstrip(",").split(","):
            parse_member(member)
    return [f"  {' '.join(line.split())}" for line in typed]


def set_members(body: Sequence[str]) -> list[Span]:
    """The members of a printed prefix-set (its closing `end-set` may be there)."""
    text = " ".join(
        line for line in body if line.strip() != "end-set" and not line.strip().startswith("#")
    )
    return [parse_member(member) for member in text.split(",") if member.strip()]


# ---------------------------------------------------------------- policies


@dataclass
class Branch:
    """`if`/`elseif`/`else` with the statements below it; `condition` None: `else`."""

    condition: list[str] | None
    statements: list[Statement] = field(default_factory=list)


@dataclass
class Statement:
    """One statement; for `if` its branches."""

    words: list[str]
    branches: list[Branch] = field(default_factory=list)


class Fate(enum.Enum):
    """What is known of a route on its way through a policy."""

    UNDECIDED = enum.auto()
    PASSED = enum.auto()
    ACCEPTED = enum.auto()
    DROPPED = enum.auto()


_SIMPLE = (
    "pass",
    "drop",
    "done",
    "set",
    "apply",
    "prepend",
    "delete",
    "add",
    "var",
    "suppress-route",
)


def parse_policy(body: Sequence[str]) -> list[Statement]:
    """The statements of a route-policy.

    Raises:
        BadPolicy: with the offending line; `end-policy` where an `if` is open.
    """
    top: list[Statement] = []
    stack: list[tuple[Statement, list[Statement]]] = []
    here = top
    for line in body:
        words = line.split()
        if not words or words[0].startswith("#") or words[0] == "end-policy":
            continue
        if words[0] in ("if", "elseif") and not _reads(words[1:-1]):
            raise BadPolicy(line)
        if words[0] == "if" and words[-1] == "then" and len(words) > 2:
            statement = Statement(["if"], [Branch(words[1:-1])])
            here.append(statement)
            stack.append((statement, here))
            here = statement.branches[-1].statements
        elif words[0] in ("elseif", "else", "endif"):
            if not stack:
                raise BadPolicy(line)
            here = _continue(words, stack, line)
        elif words[0] in _SIMPLE:
            here.append(Statement(words))
        else:
            raise BadPolicy(line)
    if stack:
        raise BadPolicy("end-policy")
    return top


def _reads(condition: list[str]) -> bool:
    route = ip_network("0.0.0.0/0"), ()
    return _Condition(condition, route, lambda name: None, lambda name: None).is_read()


def _continue(
    words: list[str], stack: list[tuple[Statement, list[Statement]]], line: str
) -> list[Statement]:
    if words == ["endif"]:
        return stack.pop()[1]
    statement = stack[-1][0]
    if words == ["else"]:
        statement.branches.append(Branch(None))
    elif words[0] == "elseif" and words[-1] == "then":
        statement.branches.append(Branch(words[1:-1]))
    else:
        raise BadPolicy(line)
    return statement.branches[-1].statements


def policy_lines(typed: Sequence[str]) -> list[str]:
    """The body of a policy as printed, two blanks for each level [CAPTURE].

    Raises:
        BadPolicy: with the offending line.
    """
    parse_policy(typed)
    printed: list[str] = []
    depth = 1
    for line in typed:
        words = line.split()
        if not words:
            continue
        outer = words[0] in ("elseif", "else", "endif")
        printed.append("  " * (depth - outer) + " ".join(words))
        depth += (words[0] == "if") - (words[0] == "endif")
    return printed


def references(body: Sequence[str], kind: str) -> set[str]:
    """Names of sets (`kind` "prefix-set", "as-path-set") or "route-policy" that a body uses."""
    pattern = {
        "prefix-set": r"\bdestination in ([A-Za-z_][^\s(),]*)",
        "as-path-set": r"\bas-path in ([A-Za-z_][^\s(),]*)",
        "route-policy": r"^\s*apply ([^\s(]+)",
    }[kind]
    return {name for line in body for name in re.findall(pattern, line)}


class Judge:
    """Evaluates policies for one prefix.

    Args:
        prefix: the route.
        sets: members of a prefix-set by name; None where it does not exist.
        policies: body of a policy by name; None where it does not exist.
        path: its AS path, the nearest AS first.
        path_sets: the body of an as-path-set by name.
    """

    def __init__(
        self,
        prefix: Network,
        sets: SetSource,
        policies: Callable[[str], Sequence[str] | None],
        path: tuple[int, ...] = (),
        path_sets: rpl_paths.SetBody = lambda name: None,
    ) -> None:
        self._prefix, self._sets, self._policies = prefix, sets, policies
        self._path, self._path_sets = path, path_sets

    def accepts(self, name: str) -> bool:
        """Whether the policy `name` lets the route through; one that does not exist drops."""
        return self._apply(name, frozenset()) in (Fate.PASSED, Fate.ACCEPTED)

    def _apply(self, name: str, seen: frozenset[str]) -> Fate:
        body = self._policies(name)
        if body is None or name in seen:
            return Fate.DROPPED
        return self._run(parse_policy(body), Fate.UNDECIDED, seen | {name})

    def _run(self, statements: list[Statement], fate: Fate, seen: frozenset[str]) -> Fate:
        for statement in statements:
            fate = self._step(statement, fate, seen)
            if fate in (Fate.DROPPED, Fate.ACCEPTED):
                return fate
        return fate

    def _step(self, statement: Statement, fate: Fate, seen: frozenset[str]) -> Fate:
        word = statement.words[0]
        if word == "if":
            for branch in statement.branches:
                if branch.condition is None or self._holds(branch.condition):
                    return self._run(branch.statements, fate, seen)
            return fate
        if word == "apply":
            applied = self._apply(statement.words[1].split("(")[0], seen)
            return fate if applied is Fate.UNDECIDED else applied
        outcomes = {"drop": Fate.DROPPED, "done": Fate.ACCEPTED}
        return outcomes.get(word, Fate.PASSED)

    def _holds(self, condition: list[str]) -> bool:
        route = self._prefix, self._path
        return _Condition(condition, route, self._sets, self._path_sets).any_of()


class _Condition:
    """A boolean expression, read from the left; `and` binds closer than `or`."""

    def __init__(
        self,
        words: list[str],
        route: tuple[Network, tuple[int, ...]],
        sets: SetSource,
        path_sets: rpl_paths.SetBody,
    ) -> None:
        self._tokens, self._at = rpl_paths.TOKEN.findall(" ".join(words)), 0
        self._prefix, self._path = route
        self._sets, self._path_sets = sets, path_sets

    def is_read(self) -> bool:
        """Whether the whole of it is a condition that the router knows."""
        try:
            self.any_of()
        except (rpl_paths.BadCondition, BadPolicy, re.error):
            return False
        return self._at == len(self._tokens)

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1] if self._at <= len(self._tokens) else ""

    def any_of(self) -> bool:
        """`A or B or ...`."""
        result = self._all_of()
        while self._peek() == "or":
            self._take()
            result = self._all_of() or result
        return result

    def _all_of(self) -> bool:
        result = self._one()
        while self._peek() == "and":
            self._take()
            result = self._one() and result
        return result

    def _one(self) -> bool:
        if self._peek() == "not":
            self._take()
            return not self._one()
        if self._peek() == "(":
            self._take()
            result = self.any_of()
            self._take()
            return result
        if self._peek() == "as-path":
            self._take()
            return rpl_paths.holds(self._take, self._peek, self._path, self._path_sets)
        return self._destination() if self._peek() == "destination" else self._unknown()

    def _destination(self) -> bool:
        self._take()
        if self._take() != "in":
            raise BadPolicy("destination")
        word = self._take()
        if word != "(":
            return any(span.matches(self._prefix) for span in self._sets(word) or [])
        inline: list[str] = []
        while self._peek() not in (")", ""):
            inline.append(self._take())
        self._take()
        members = [part for part in " ".join(inline).split(",") if part.strip()]
        return any(parse_member(member).matches(self._prefix) for member in members)

    def _unknown(self) -> bool:
        """A condition on what a bare prefix does not have: false."""
        depth = 0
        while self._peek() and not (depth == 0 and self._peek() in ("and", "or", ")")):
            depth += {"(": 1, ")": -1}.get(self._take(), 0)
        return False
