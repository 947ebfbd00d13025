# SPDX-License-Identifier: GPL-2.0-or-later
"""A session's place in the configuration and its target buffer: what lines do before a commit."""

from __future__ import annotations

from collections.abc import Callable

from lab.emulators.cisco_xr.grammar import statement
from lab.emulators.cisco_xr.loading import policy_body
from lab.emulators.cisco_xr.rpl import BadPolicy, set_lines
from lab.emulators.cisco_xr.statements import (
    ACL_4,
    ACL_6,
    ANY,
    CLOSERS,
    GLOBAL,
    PREFIX_SET,
    RPL_MODES,
    Invalid,
    Statement,
)
from lab.emulators.cisco_xr.tree import Act, Node, difference, root

EXISTS = (
    "% WARNING: Policy object {} exists! Reconfiguring it via CLI will replace\n"
    "current definition. Use abort to cancel."
)
_SHOWN_MODES = {"config-static-afi6": "config-static-afi", ANY: "config-submode"}


class Buffer:
    """Submodes and the target buffer of one configuration session.

    Args:
        running: gives the committed configuration; entries without a number and the warning of
            an existing policy object look into it.
    """

    def __init__(self, running: Callable[[], Node]) -> None:
        self._running = running
        self.edits = root()
        self._path: list[tuple[str, Node]] = []
        self._typed: list[str] = []

    # ------------------------------------------------------------ where we are

    @property
    def mode(self) -> str:
        """The submode, as in `statements`."""
        return self._path[-1][0] if self._path else GLOBAL

    @property
    def shown_mode(self) -> str:
        """The submode as the prompt has it."""
        if self.mode == "config-if" and "." in self._path[-1][1].line:
            return "config-subif"
        if self.mode == "config-bgp-nbr" and "-group" in self._path[-1][1].line:
            return "config-bgp-nbrgrp"
        return _SHOWN_MODES.get(self.mode, self.mode)

    @property
    def in_policy(self) -> bool:
        """Inside a prefix-set or route-policy: only its own words count there [LIVE]."""
        return self.mode in RPL_MODES

    def clear(self) -> None:
        """Empty the buffer and go to the top: after a commit, `abort` and `clear`."""
        self.edits = root()
        self._path.clear()
        self._typed.clear()

    def committed(self) -> None:
        """A commit took the buffer: it is empty and the session stays where it is."""
        modes = [(mode, node.bare()) for mode, node in self._path]
        self.edits = root()
        here = self.edits
        for _, node in modes:
            here.put(node)
            here = node
        self._path = modes

    def pop(self) -> bool:
        """`exit`: one submode up; False at the top."""
        if not self._path:
            return False
        if self.in_policy:
            self._close(self._path[-1])
        else:
            self._path.pop()
        return True

    def top(self) -> None:
        """`root`: to the top."""
        self._path.clear()

    def drop_policy(self) -> None:
        """`abort` inside a policy object: its definition is forgotten, nothing else [DOC]."""
        self._path.pop()
        self._typed.clear()

    def pending(self) -> Node:
        """What the buffer changes of the committed configuration; nothing below: nothing."""
        return difference(self._running(), self.edits)

    # ------------------------------------------------------------ lines

    def line(self, text: str) -> str:
        """Do one configuration line; returns what the router says (mostly nothing).

        Raises:
            Invalid: the line is refused; the buffer is as before.
        """
        words = text.split()
        if self.in_policy:
            return self._policy_line(words)
        if words[0] == "no":
            self._remove(words[1:])
            return ""
        found, depth = self._understand(words)
        return self._enter(found, depth)

    def _understand(self, words: list[str]) -> tuple[Statement, int]:
        """The statement, in this submode or in the next one outside that knows it [LIVE]."""
        refusal: Invalid | None = None
        for depth in range(len(self._path), -1, -1):
            mode = self._path[depth - 1][0] if depth else GLOBAL
            if mode == ANY and self._leaves_any(words):
                continue
            try:
                return statement(mode, words), depth
            except Invalid as problem:
                if refusal is None or problem.word > refusal.word:
                    refusal = problem
        assert refusal is not None
        raise refusal

    def _leaves_any(self, words: list[str]) -> bool:
        """A submode that takes any line gives way to words that open a block at the top."""
        if words[0] in ("interface", "neighbor", "vrf", "address-family", "description"):
            return False
        try:
            return bool(statement(GLOBAL, words).opens)
        except Invalid:
            return False

    def _enter(self, found: Statement, depth: int) -> str:
        del self._path[depth:]
        parent = self._path[-1][1] if self._path else self.edits
        node = self._numbered(found.node)
        if not found.opens:
            parent.put(node)
            return ""
        old = parent.get(node.key)
        if found.opens in RPL_MODES:
            self._path.append((found.opens, node))
            self._typed.clear()
            exists = self._running().get(node.key) is not None or old is not None
            return EXISTS.format(node.line) if exists and "(" not in node.line else ""
        if old is None:
            parent.put(node)
        elif old.act is Act.REMOVE:
            node.act = Act.REPLACE
            parent.put(node)
        else:
            node = old
        return self._inside(found, node, depth)

    def _inside(self, found: Statement, node: Node, depth: int) -> str:
        self._path.append((found.opens, node))
        if not found.rest:
            return ""
        try:
            inner = statement(found.opens, found.rest.split())
        except Invalid as problem:
            self._path.pop()
            raise Invalid(
                problem.word + len(found.node.line.split()), incomplete=problem.incomplete
            ) from problem
        said = self._enter(inner, depth + 1)
        if not inner.opens:
            self._path.pop()
        return said

    def _numbered(self, node: Node) -> Node:
        """An entry without a number goes behind the last one, ten further [DOC]."""
        if self.mode not in (ACL_4, ACL_6) or node.key != "0":
            return node
        edited = self._path[-1][1]
        committed = self._running().get(edited.key)
        numbers = [int(child.key) for child in edited.children if child.act is not Act.REMOVE]
        if committed is not None and edited.act is Act.SET:
            numbers += [
                int(key)
                for key in committed.index
                if (edit := edited.get(key)) is None or edit.act is not Act.REMOVE
            ]
        number = max(numbers, default=0) + 10
        return Node(f"{number} {node.line[2:]}", str(number), (number,))

    # ------------------------------------------------------------ no

    def _remove(self, words: list[str]) -> None:
        if not words:
            raise Invalid(1, incomplete=True)
        try:
            found, depth = self._removed(words)
        except Invalid as problem:
            raise Invalid(problem.word + 1, incomplete=problem.incomplete) from problem
        chain = [node for _, node in self._path[:depth]]
        parent = chain[-1] if chain else self.edits
        node = found.node
        if found.rest:
            mode = found.opens
            kept = parent.get(node.key)
            if kept is None:
                parent.put(node)
                kept = node
            parent, node = kept, self._inner(mode, found.rest)
        node.act = Act.REMOVE
        node.children, node.index = [], {}
        parent.put(node)
        del self._path[depth:]

    def _inner(self, mode: str, rest: str) -> Node:
        if mode in (ACL_4, ACL_6) and rest.isdecimal():
            return Node(rest, str(int(rest)), (int(rest),))
        return statement(mode, rest.split()).node

    def _removed(self, words: list[str]) -> tuple[Statement, int]:
        """What `no WORDS` names: values may be left out (`no description`), numbers suffice."""
        if self.mode in (ACL_4, ACL_6):
            key = self._entry_key(words)
            if key is not None:
                return Statement(Node(key, key, (int(key),))), len(self._path)
        line = " ".join(words)
        edited = self._path[-1][1] if self._path else self.edits
        for place in (self._committed_here(), edited):
            named = None if place is None else place.get(line)
            if named is not None:
                return Statement(named.bare()), len(self._path)
        return self._understand(words)

    def _entry_key(self, words: list[str]) -> str | None:
        if len(words) == 1 and words[0].isdecimal():
            return str(int(words[0]))
        try:
            node = statement(self.mode, words).node
        except Invalid:
            return None
        if node.key != "0":
            return node.key
        committed = self._committed_here()
        wanted = node.line.split(" ", 1)[1]
        for child in committed.children if committed is not None else []:
            if child.line.split(" ", 1)[1] == wanted:
                return child.key
        return None

    def _committed_here(self) -> Node | None:
        return self._running().get(*(node.key for _, node in self._path))

    # ------------------------------------------------------------ policy objects

    def _policy_line(self, words: list[str]) -> str:
        mode, _ = self._path[-1]
        if words == [CLOSERS[mode]]:
            self._close(self._path[-1])
            return ""
        if mode == PREFIX_SET:
            self._check_member(words)
        elif words[0] in ("root", "commit", "show", "end", "no", "clear", "configure"):
            raise Invalid(0)
        self._typed.append(" ".join(words))
        return ""

    def _check_member(self, words: list[str]) -> None:
        line = " ".join(words)
        earlier = [text for text in self._typed if not text.startswith("#")]
        if line.startswith("#"):
            return
        if earlier and not earlier[-1].endswith(","):
            raise Invalid(0)
        try:
            set_lines([line.rstrip(",")])
        except BadPolicy as problem:
            raise Invalid(0) from problem

    def _close(self, place: tuple[str, Node]) -> None:
        """The closing word: the definition goes into the buffer whole, or is refused."""
        mode, node = place
        try:
            body = policy_body(mode, self._typed)
        except BadPolicy as problem:
            raise Invalid(0) from problem
        self._path.pop()
        self._typed = []
        parent = self._path[-1][1] if self._path else self.edits
        parent.put(Node(node.line, node.key, node.rank, False, body))
