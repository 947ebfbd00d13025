# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages of detectors show can be pasted: settings load, examples are read."""

from __future__ import annotations

import json
import tomllib

import pytest

from enforcer.core import intake_reading
from enforcer.core.signals import Evidence
from enforcer.intake import service
from enforcer.intake.adapters import adapters
from enforcer.service_settings import IntakeSettings
from enforcer.settings import Settings
from tests.unit.docs.pages import DOCS, Block, blocks, first_column

PAGES = sorted((DOCS / "detectors").glob("*.md"))
OURS = ("index", "rules", "xarf", "mail", "fastnetmon", "alertmanager", "intelmq", "generic")
TOML = [block for page in PAGES for block in blocks(page, "toml")]
JSON = [block for page in PAGES for block in blocks(page, "json") if block.title]


def where(block: Block) -> str:
    return f"{block.page.stem}: {block.text[:30]!r}"


def settings_of(block: Block) -> IntakeSettings:
    return Settings(**tomllib.loads(block.text)).service.intake


@pytest.mark.parametrize("block", TOML, ids=where)
def test_settings_can_be_pasted(block: Block) -> None:
    service.check(settings_of(block))


@pytest.mark.parametrize("block", JSON, ids=where)
def test_examples_are_read(block: Block) -> None:
    stated = IntakeSettings()
    if block.title.startswith("generic/"):
        stated = settings_of(blocks(block.page, "toml")[0])
    signals = adapters(stated)[block.title].read(block.text.encode())
    assert signals and all(one.target is not None and not one.warnings for one in signals)
    assert all(one.evidence is not Evidence.UNKNOWN for one in signals)
    assert json.loads(block.text)


def test_every_page_has_settings_or_examples() -> None:
    assert {page.stem for page in PAGES} >= set(OURS)
    shown = {block.page.stem for block in (*TOML, *JSON)}
    assert shown >= set(OURS) - {"index"}


def test_every_key_of_a_rule_is_explained() -> None:
    assert "format" in intake_reading.KEYS
    assert first_column(DOCS / "detectors" / "rules.md") >= intake_reading.KEYS
