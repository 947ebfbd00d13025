# SPDX-License-Identifier: GPL-2.0-or-later
"""The page about the doctor lists the checks that the code makes, and no others."""

from __future__ import annotations

import ast

from enforcer.usecases.doctor_table import TABLE, row_of
from tests.unit.docs.pages import DOCS, ROOT, table

NAMING = {"good", "finding", "guarded"}


def test_the_table_is_the_code_s_own() -> None:
    written = [(f"`{row.check}`", row.looks_at, row.remedy) for row in TABLE]
    assert table(DOCS / "doctor.md", "doctor") == written


def named() -> set[str]:
    """Every name that stands in the code of a check: itself, or as a constant of its module."""
    found: set[str] = set()
    for path in sorted((ROOT / "enforcer" / "usecases").glob("doctor*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = dict(pair for node in tree.body for pair in assigned(node))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in NAMING:
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    found.add(str(name.value))
                elif isinstance(name, ast.Name) and name.id in constants:
                    found.add(constants[name.id])
    return found


def assigned(node: ast.stmt) -> list[tuple[str, str]]:
    """Names of a module and the texts that they stand for."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name | ast.Tuple):
        return []
    target = node.targets[0]
    names = target.elts if isinstance(target, ast.Tuple) else [target]
    values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return [
        (name.id, value.value)
        for name, value in zip(names, values, strict=False)
        if isinstance(name, ast.Name)
        and isinstance(value, ast.Constant)
        and isinstance(value.value, str)
    ]


def test_every_check_of_the_code_has_a_row_and_every_row_a_check() -> None:
    found = named()
    assert {"kernel", "database", "alarms", "protected space"} <= found
    assert {name for name in found if row_of(name) is None} == set()
    made_of_parts = {row.check for row in TABLE if "NAME" in row.check}
    assert {row.check for row in TABLE} - made_of_parts - found == set()


def test_a_name_finds_its_row() -> None:
    for name, row in (
        ("package drivers", "package NAME"),
        ("device edge1", "device NAME"),
        ("device edge1: host key", "device NAME: host key"),
        ("device edge1: other tables", "device NAME: CHECK"),
    ):
        found = row_of(name)
        assert found is not None and found.check == row
    assert row_of("weather") is None
