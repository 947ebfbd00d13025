# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from inventory.problems import InventoryInvalid
from inventory.yaml_files import load

Complain = Callable[..., list[str]]


@pytest.fixture
def complaints(tmp_path: Path) -> Complain:
    """Write files (name=text) into a folder, load it, return its problems as text."""

    def load_files(**texts: str) -> list[str]:
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(dedent(text), encoding="utf-8")
        with pytest.raises(InventoryInvalid) as refused:
            load(tmp_path)
        return [str(problem).removeprefix(f"{tmp_path}/") for problem in refused.value.problems]

    return load_files
