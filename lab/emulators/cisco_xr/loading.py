# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a whole configuration text, nested by indentation, as an operator's file has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.emulators.cisco_xr.grammar import statement
from lab.emulators.cisco_xr.rpl import BadPolicy, policy_lines, set_lines
from lab.emulators.cisco_xr.statements import (
    ANY,
    CLOSERS,
    GLOBAL,
    OTHER_SET,
    POLICY,
    PREFIX_SET,
    Invalid,
)
from lab.emulators.cisco_xr.tree import Node, root


def policy_body(mode: str, typed: Sequence[str]) -> tuple[str, ...]:
    """The body of a policy object as printed, with its closing word.

    Raises:
        BadPolicy: with the offending line.
    """
    lines = {
        PREFIX_SET: lambda: set_lines(typed),
        POLICY: lambda: policy_lines(typed),
        OTHER_SET: lambda: [f"  {line}" for line in typed],
    }[mode]()
    return (*lines, CLOSERS[mode])


@dataclass
class _Open:
    """A block that is being read."""

    indent: int
    mode: str
    node: Node


class Loader:
    """Builds a tree from text."""

    def __init__(self) -> None:
        self.top = root()
        self._stack = [_Open(-1, GLOBAL, self.top)]
        self._policy: tuple[str, Node, list[str]] | None = None

    def read(self, text: str) -> Node:
        """The tree of `text`.

        Raises:
            ValueError: a line that the platform refuses; the message names it.
        """
        lines = [line.rstrip() for line in text.splitlines()]
        for position, line in enumerate(lines):
            words = line.split()
            if self._policy is not None:
                self._policy_line(words)
            elif words and not words[0].startswith("!") and words != ["end"]:
                following = next((x for x in lines[position + 1 :] if x.strip()), "")
                self._statement(line, words, following)
        if self._policy is not None:
            raise ValueError(f"{self._policy[1].line}: its closing word is missing")
        return self.top

    def _statement(self, line: str, words: list[str], following: str) -> None:
        indent = len(line) - len(line.lstrip())
        while self._stack[-1].indent >= indent:
            self._stack.pop()
        here = self._stack[-1]
        deeper = len(following) - len(following.lstrip()) > indent and following.strip() != "!"
        try:
            found = statement(here.mode, words)
        except Invalid as problem:
            raise ValueError(f"the router refuses the line {line.strip()!r}") from problem
        node, opens = found.node, found.opens
        if opens in CLOSERS:
            self._policy = (opens, node, [])
            return
        if deeper and not opens:
            node, opens = Node(node.line, node.key, node.rank, block=True), ANY
        here.node.append(node)
        if opens:
            self._stack.append(_Open(indent, opens, node))
            if found.rest:
                self._stack[-1].node.append(statement(opens, found.rest.split()).node)

    def _policy_line(self, words: list[str]) -> None:
        assert self._policy is not None
        mode, node, typed = self._policy
        if words != [CLOSERS[mode]]:
            if words:
                typed.append(" ".join(words))
            return
        try:
            body = policy_body(mode, typed)
        except BadPolicy as problem:
            raise ValueError(f"{node.line}: the router refuses {str(problem)!r}") from problem
        self._stack[0].node.append(Node(node.line, node.key, node.rank, False, body))
        self._policy = None
