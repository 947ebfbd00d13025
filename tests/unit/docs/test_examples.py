# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples in the pages are real: they load, parse and mean what they say."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from enforcer.core.orders import Demand, order_id, order_number
from enforcer.settings import Settings
from enforcer.wire import demand_from_wire, demand_to_wire, order_from_wire
from inventory.schema import DeviceEntry
from inventory.yaml_files import load
from tests.unit.docs.pages import DOCS, OUTSIDE, PAGES, ROOT, Block, blocks, name_of

JSON = [block for page in [*PAGES, *OUTSIDE] for block in blocks(page, "json")]
YAML = [block for page in PAGES for block in blocks(page, "yaml")]
TOML = [block for page in PAGES for block in blocks(page, "toml")]


def where(block: Block) -> str:
    return f"{name_of(block.page)}: {block.text[:40]!r}"


def demands(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The demands in a JSON example: it is one, or it is an order that holds one."""
    if "demand" in value:
        return [value["demand"]]
    return [value] if "kind" in value else []


@pytest.mark.parametrize("block", JSON, ids=where)
def test_json_examples_are_what_the_wire_reads(block: Block) -> None:
    value = json.loads(block.text)
    for demand in demands(value):
        read = demand_from_wire(demand)
        assert demand_to_wire(read).items() >= {"kind": demand["kind"]}.items()
    if "demand" in value:
        assert order_from_wire(value).number == value["number"]


def test_each_kind_has_a_json_example() -> None:
    shown = {demand["kind"] for block in JSON for demand in demands(json.loads(block.text))}
    kinds = {f.default for one in get_args(Demand) for f in fields(one) if f.name == "kind"}
    assert shown == kinds


@pytest.mark.parametrize("block", YAML, ids=where)
def test_inventory_examples_load(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "inventory.yaml"
    file.write_text(block.text, encoding="utf-8")
    assert load(file).devices


def test_the_complete_example_has_every_key_of_a_device(tmp_path: Path) -> None:
    complete = next(block for block in YAML if block.page.name == "inventory.md")
    assert [
        key
        for key in DeviceEntry.model_fields
        if f"    {key}: " not in complete.text and f"    {key}:\n" not in complete.text
    ] == []
    file = tmp_path / "inventory.yaml"
    file.write_text(complete.text, encoding="utf-8")
    topology = load(file)
    assert topology.devices and topology.customers and topology.service_sets and topology.protected


@pytest.mark.parametrize("block", [b for b in TOML if b.page.name == "configuration.md"], ids=where)
def test_settings_examples_are_settings(block: Block) -> None:
    assert Settings(**tomllib.loads(block.text)).database


_LIKE_AN_ID = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4,8}-[0-9A-HJKMNP-TV-Z]\b")
TEXTS = [*PAGES, *OUTSIDE, *sorted((ROOT / "enforcer").rglob("*.py"))]


@pytest.mark.parametrize("file", TEXTS, ids=name_of)
def test_every_order_id_in_a_page_or_a_help_text_is_one(file: Path) -> None:
    shown = set(_LIKE_AN_ID.findall(file.read_text(encoding="utf-8")))
    assert {text for text in shown if order_number(text) is None} == set()


def test_order_ids_are_found_in_pages_and_help_texts() -> None:
    for file in (DOCS / "cli.md", ROOT / "enforcer" / "cli" / "order_changes.py"):
        assert _LIKE_AN_ID.findall(file.read_text(encoding="utf-8")), name_of(file)
    assert order_number("000A-4") is None


def test_ids_in_the_concepts_are_ids() -> None:
    text = (DOCS / "concepts.md").read_text(encoding="utf-8")
    assert order_number("0005-P") == 5 and order_id(5) in text
