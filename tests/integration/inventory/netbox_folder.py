# SPDX-License-Identifier: GPL-2.0-or-later
"""An inventory that imports from a NetBox, and what loading it says."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory.problems import InventoryInvalid
from inventory.yaml_files import Loaded, load, load_with_notes
from tests.integration.inventory.netbox_answers import Netbox

IMPORT = """\
import:
  - netbox: {url: "URL", token: file:token, cache: cache.json, roles: [edge]}
    platforms: {ios-xr: cisco_xr, junos: juniper_junos}
    credentials: file:routers
settings: {documentation_space: true}
"""
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class ClockAt:
    """A clock that stands where it is put."""

    def __init__(self, now: datetime = START) -> None:
        self.instant = now

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return 0.0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.is_set()

    def sleep(self, seconds: float) -> None:
        return


def write(folder: Path, server: Netbox, text: str = IMPORT) -> Path:
    (folder / "import.yaml").write_text(text.replace("URL", server.url))
    return folder


def complaint(folder: Path) -> str:
    with pytest.raises(InventoryInvalid) as refused:
        load(folder)
    (problem,) = refused.value.problems
    return str(problem).removeprefix(f"{folder}/")


def loaded_at(folder: Path, later: timedelta) -> Loaded:
    return load_with_notes(folder, ClockAt(START + later))
