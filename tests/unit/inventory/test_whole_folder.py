# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole folder loads, or none of it: nothing with the name of an inventory file is skipped."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from enforcer.cli.skeleton import INVENTORY
from enforcer.core.topology import Topology
from inventory.problems import InventoryInvalid
from inventory.yaml_files import load

PROTECTED = "protected: [{prefix: 203.0.113.0/24, reason: our own servers}]\n"
Spoil = Callable[[Path], None]


def dangle(file: Path) -> None:
    file.symlink_to(file.parent / "moved-away")


def loop(file: Path) -> None:
    file.symlink_to(file)


def pipe(file: Path) -> None:
    os.mkfifo(file)


def folder(file: Path) -> None:
    file.mkdir()


def empty(file: Path) -> None:
    file.write_text("")


def blank(file: Path) -> None:
    file.write_text(" \n\n")


def comments(file: Path) -> None:
    file.write_text("# protected: [{prefix: 203.0.113.0/24, reason: ours}]\n---\n")


def null(file: Path) -> None:
    file.write_text("null\n")


@pytest.mark.parametrize("name", ["protected.yaml", "protected.yml"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (dangle, "it is a link: mend it, or delete it"),
        (loop, "it is a link: mend it, or delete it"),
        (pipe, "not a file"),
        (folder, "not a file"),
        (empty, "is empty: fill it, or delete it"),
        (blank, "is empty: fill it, or delete it"),
        (comments, "states nothing: fill it, or delete it"),
        (null, "states nothing: fill it, or delete it"),
    ],
)
def test_what_is_no_readable_file_is_a_problem(
    tmp_path: Path, spoil: Spoil, said: str, name: str
) -> None:
    (tmp_path / "devices.yaml").write_text("devices: {edge1: {platform: nftables}}\n")
    spoil(tmp_path / name)
    with pytest.raises(InventoryInvalid) as refused:
        load(tmp_path)
    (problem,) = refused.value.problems
    assert problem.file == str(tmp_path / name) and said in problem.message


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "shared.txt").write_text(PROTECTED)
    (tmp_path / "protected.yaml").symlink_to(tmp_path / "shared.txt")
    assert [p.reason for p in load(tmp_path).protected] == ["our own servers"]


def test_hidden_entries_and_other_names_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "protected.yaml").write_text(PROTECTED)
    dangle(tmp_path / ".#protected.yaml")
    folder(tmp_path / "lists")
    empty(tmp_path / "notes.txt")
    assert len(load(tmp_path).protected) == 1


def test_what_init_writes_loads(tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    assert load(tmp_path) == Topology()
