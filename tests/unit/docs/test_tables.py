# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages say in tables is what the code says."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator

from packaging.requirements import Requirement

from enforcer.core import guardrails, machine_checks, status
from enforcer.service_settings import FourEyesSettings
from enforcer.settings import Settings
from inventory.schema import (
    AttachmentEntry,
    ContactEntry,
    CustomerEntry,
    DeviceEntry,
    InventoryFile,
    ProtectedEntry,
    ServiceSetMember,
    SettingsEntry,
)
from tests.unit.docs.pages import DOCS, ROOT, first_column, inline_code, table

REFUSING = {"Refusal", "OrderRefused"}
RECORDING = {"record", "note", "Note"}


def rst_rows(text: str) -> list[tuple[str, str]]:
    """The rows of the first simple table in a docstring; a row may go on in the next line."""
    lines = text.splitlines()
    edges = [n for n, line in enumerate(lines) if line.startswith("===")]
    width = lines[edges[0]].index(" ")
    rows: list[tuple[str, str]] = []
    for line in lines[edges[1] + 1 : edges[2]]:
        code, why = line[:width].strip(), line[width:].strip()
        if code:
            rows.append((code, why))
        else:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]} {why}")
    return rows


def test_the_status_tables_are_the_code_s_own() -> None:
    page = DOCS / "concepts.md"
    for name, rows in (
        ("status on a device", status.table()),
        ("status over all devices", status.overall_table()),
    ):
        assert table(page, name) == [(f"`{row.status}`", row.when) for row in rows]


def test_the_guardrail_table_is_the_code_s_own() -> None:
    assert guardrails.__doc__ is not None
    written = [(f"`{code}`", why) for code, why in rst_rows(guardrails.__doc__)]
    assert table(DOCS / "orders.md", "guardrails") == written


def calls(names: set[str]) -> Iterator[ast.expr]:
    """The first argument of every call of something so named in the product."""
    for path in sorted((ROOT / "enforcer").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if called in names:
                    yield node.args[0]


def test_the_table_of_detectors_is_the_code_s_own() -> None:
    assert machine_checks.__doc__ is not None
    written = [(f"`{code}`", why) for code, why in rst_rows(machine_checks.__doc__)]
    assert table(DOCS / "approvals.md", "detectors") == written


def test_every_threshold_of_four_eyes_is_in_the_page() -> None:
    assert first_column(DOCS / "approvals.md") >= set(FourEyesSettings.model_fields)


def test_every_refusal_is_in_the_page() -> None:
    codes = {a.value for a in calls(REFUSING) if isinstance(a, ast.Constant)}
    assert {"protected", "already-ended", "key-reused"} <= codes
    written = first_column(DOCS / "orders.md") | first_column(DOCS / "approvals.md")
    assert codes - written - {"not-approved"} == set()
    assert "not-approved" in inline_code(DOCS / "approvals.md")


def test_every_recorded_kind_is_in_the_page() -> None:
    kinds = {
        str(a.value)
        for a in calls(RECORDING)
        if isinstance(a, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z-]+", str(a.value))
    }
    kinds |= {f"control.{state}" for state in ("running", "paused", "frozen")}
    kinds |= {"device.intent", "device.outcome", "order.placed", "orders.stored"}
    kinds |= {"order.lifted", "order.amended", "order.extended", "order.shortened"}
    kinds |= {"order.emergency", "proposal.made", "proposal.rejected", "proposal.withdrawn"}
    kinds |= {"proposal.lapsed"}
    written = first_column(DOCS / "audit.md")
    assert len(kinds) > 10 and kinds == written


def test_every_setting_is_in_the_page() -> None:
    assert set(Settings.model_fields) <= first_column(DOCS / "configuration.md")


def test_every_key_of_the_inventory_is_in_the_page() -> None:
    page = DOCS / "inventory.md"
    said = set(inline_code(page)) | {key.rpartition(".")[2] for key in first_column(page)}
    models = (
        InventoryFile,
        SettingsEntry,
        DeviceEntry,
        CustomerEntry,
        AttachmentEntry,
        ContactEntry,
        ServiceSetMember,
        ProtectedEntry,
    )
    headings = set(re.findall(r"^## (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE))
    keys = {f.alias or key for model in models for key, f in model.model_fields.items()}
    assert keys - said - headings == set()


def test_every_dependency_is_justified_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    stated = [*project["dependencies"], *(one for extra in extras for one in extra)]
    names = {Requirement(text).name for text in stated}
    packages = (ROOT / "scripts" / "debian-packages.txt").read_text(encoding="utf-8")
    for line in packages.splitlines():
        package = line.partition("#")[0].strip()
        names |= {package} if package else set()
    written = first_column(DOCS / "dependencies.md")
    assert names == written
