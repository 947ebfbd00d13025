# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of alarms has every kind that the code raises, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module

from enforcer.core.topology import Attachment, Customer, Device, Leaving, Topology
from enforcer.usecases.inventory_alarms import waiting
from tests.unit.docs.pages import DOCS, ROOT, first_column


def raised() -> Iterator[str]:
    """The first argument of every call that raises an alarm, if it is fixed there."""
    for file in sorted((ROOT / "enforcer").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr != "raise_alarm" or not node.args:
                continue
            kind = node.args[0]
            if isinstance(kind, ast.Constant):
                yield str(kind.value)
            elif isinstance(kind, ast.Name) and kind.id.isupper():
                module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
                yield getattr(import_module(module), kind.id)


def left() -> Iterator[str]:
    """What is raised for all that left the files."""
    gone = Leaving.GONE
    devices = {
        "edge1": Device("edge1", "any", leaving=gone),
        "edge2": Device("edge2", "any", leaving=Leaving.DRAINING),
    }
    customers = {
        "one": Customer("one", (), leaving=gone),
        "two": Customer("two", (), (Attachment("edge1", "eth1", leaving=gone),)),
    }
    yield from (kind for kind, _, _ in waiting(Topology(devices, customers)))


def test_every_kind_is_in_the_page_and_no_other() -> None:
    kinds = {*raised(), *left()}
    assert {"braked", "rollout-halted", "device-gone"} <= kinds
    assert first_column(DOCS / "alarms.md") == kinds
