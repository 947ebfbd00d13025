# SPDX-License-Identifier: GPL-2.0-or-later
"""The files for other programs that the command line prints."""

from __future__ import annotations

import ast
import sys

import pytest

from enforcer.errors import NotFound
from enforcer.intake.files import FILES, file_of


def test_every_file_is_there() -> None:
    assert set(FILES) == {"fail2ban", "wazuh"}
    assert "actionunban" in file_of("fail2ban")
    with pytest.raises(NotFound, match="fail2ban, wazuh"):
        file_of("ids")


def test_the_script_runs_where_nothing_of_ours_is() -> None:
    """It is copied to agents by itself, so it imports the standard library alone."""
    text = file_of("wazuh")
    assert text.startswith("#!/usr/bin/python3\n")
    tree = ast.parse(text)
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
