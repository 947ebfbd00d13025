# SPDX-License-Identifier: GPL-2.0-or-later
"""How the emulated Junos shows configurations: braces, `| display set`, `| compare`."""

from __future__ import annotations

from collections.abc import Iterator

from lab.emulators.juniper_junos.nodes import Node
from lab.emulators.juniper_junos.values import quoted

_STEP = "    "


def _joined(words: tuple[str, ...]) -> str:
    return " ".join(quoted(word) for word in words)


def visible(node: Node) -> bool:
    """False for a container that is there only because something below it was."""
    statement = node.statement
    if statement.kind == "leaf-list":
        return bool(node.values)
    if statement.kind not in ("container", "list") or statement.presence:
        return True
    return any(visible(child) for child in node.children.values())


# ---------------------------------------------------------------- display set


def set_lines(node: Node, path: str = "") -> list[str]:
    """`set ...` lines of everything in `node`, with `deactivate ...` behind what is inactive.

    Args:
        node: a container or list entry.
        path: its words, as they stand behind `set`; empty for the whole configuration.
    """
    return [line for child in node.shown() for line in _set(child, path)]


def _set(node: Node, above: str) -> Iterator[str]:
    if not visible(node):
        return
    path = f"{above} {_joined(node.words)}".lstrip()
    if node.values:
        yield from (f"set {path} {quoted(value)}" for value in node.values)
    else:
        below = set_lines(node, path)
        yield from below or [f"set {path}"]
    if node.inactive:
        yield f"deactivate {path}"


def section_lines(root: Node, nodes: list[Node]) -> list[str]:
    """The set lines of the statement at the end of `nodes` (from `root` down), in full paths."""
    if len(nodes) == 1:
        return set_lines(root)
    return list(_set(nodes[-1], _path(nodes[1:-1])))


def list_lines(nodes: list[Node], name: str, *, as_set: bool) -> list[str]:
    """All entries of the list `name` in the last of `nodes` (from the root down)."""
    entries = [node for node in nodes[-1].shown() if node.statement.name == name]
    if as_set:
        return [line for node in entries for line in _set(node, _path(nodes[1:]))]
    return [line for node in entries for line in block(node, 0)]


def _path(nodes: list[Node]) -> str:
    return " ".join(_joined(node.words) for node in nodes)


# ---------------------------------------------------------------- braces


def braces(node: Node, depth: int = 0) -> list[str]:
    """What is in `node`, in braces, indented by four spaces a level from `depth`."""
    return [line for child in node.shown() for line in block(child, depth)]


def block(node: Node, depth: int) -> list[str]:
    """One statement in braces."""
    if not visible(node):
        return []
    start = _STEP * depth + ("inactive: " if node.inactive else "")
    head = _joined(node.words)
    if node.values:
        return [start + f"{head} {_listed(node)};"]
    children = [child for child in node.shown() if visible(child)]
    tail = _on_one_line(node, children)
    if tail is not None:
        return [start + f"{head} {tail}".rstrip() + ";"]
    return [start + head + " {", *braces(node, depth + 1), _STEP * depth + "}"]


def _listed(node: Node) -> str:
    values = [quoted(value) for value in node.values]
    if node.statement.kind == "leaf-list" and len(values) > 1:
        return f"[ {' '.join(values)} ]"
    return values[0]


def _on_one_line(node: Node, children: list[Node]) -> str | None:
    """The children as words behind the head; None: they need braces."""
    if not children:
        return ""
    style = node.statement.style
    simple = all(not child.children and not child.inactive for child in children)
    if simple and (style == "line" or (style == "sparse" and len(children) == 1)):
        return " ".join(f"{_joined(c.words)} {_listed(c) if c.values else ''}" for c in children)
    if node.statement.kind == "free" and len(children) == 1 and not children[0].inactive:
        inner = _on_one_line(children[0], list(children[0].children.values()))
        return None if inner is None else f"{_joined(children[0].words)} {inner}".rstrip()
    return None


# ---------------------------------------------------------------- compare


def compare(old: Node, new: Node) -> list[str]:
    """The lines of `show | compare`; empty when both show the same. The layout is a GUESS in
    its indentation only (it differs by release in the captures)."""
    return _compared(old, new, "")


def _compared(old: Node, new: Node, path: str) -> list[str]:
    lines: list[str] = []
    deeper: list[str] = []
    olds = {node.identity: node for node in old.shown() if visible(node)}
    news = {node.identity: node for node in new.shown() if visible(node)}
    for identity, node in olds.items():
        if identity not in news:
            lines += _signed("-", node)
    kept = [identity for identity in olds if identity in news]
    places = dict(zip(kept, (identity for identity in news if identity in olds), strict=True))
    for identity, node in news.items():
        before = olds.get(identity)
        if before is None:
            lines += _signed("+", node)
            continue
        lines += _changed_in_place(before, node)
        if places[identity] != identity:
            lines.append(f"!   {_joined(node.words)} {{ ... }}")
        if before.children or node.children:
            deeper += _compared(before, node, f"{path} {_joined(node.words)}")
    return ([f"[edit{path}]", *lines] if lines else []) + deeper


def _changed_in_place(before: Node, node: Node) -> list[str]:
    if before.values != node.values:
        return _signed("-", before) + _signed("+", node)
    if before.inactive != node.inactive:
        word = "inactive: " if node.inactive else "active: "
        return [f"!   {word}{_joined(node.words)} {{ ... }}"]
    return []


def _signed(sign: str, node: Node) -> list[str]:
    return [f"{sign}   {line}" for line in block(node, 0)]
