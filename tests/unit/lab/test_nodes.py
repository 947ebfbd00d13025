# SPDX-License-Identifier: GPL-2.0-or-later
"""A node never writes to the machine's own files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.errors import LabCommandFailed
from lab.nodes import Node
from lab.topology_file import load_topology

TWO = Path(__file__).resolve().parents[3] / "lab" / "two.clab.yml"


def test_files_are_not_written_through_a_process_that_shares_the_machines_root() -> None:
    node = Node(load_topology(TWO).nodes["a"], "clab-two-a", Path("unused"), 1)
    node.pid = os.getpid()
    before = Path("/etc/hosts").read_bytes()
    with pytest.raises(LabCommandFailed, match="no root of its own"):
        node.write_files("198.51.100.1 must-not-appear\n")
    assert Path("/etc/hosts").read_bytes() == before
