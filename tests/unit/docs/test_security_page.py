# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages say of roles and of the service's settings is what the code says."""

from __future__ import annotations

from typing import get_args

from pydantic import BaseModel

from enforcer.core.access import ACTIONS, Action, Role
from enforcer.service_settings import ServiceSettings
from tests.unit.docs.pages import DOCS, first_column


def test_the_table_of_roles_is_the_code_s_own() -> None:
    lines = (DOCS / "security.md").read_text(encoding="utf-8").splitlines()
    header = next(line for line in lines if line.startswith("| Action |"))
    assert [cell.strip(" `") for cell in header.strip("|").split("|")[2:]] == list(Role)
    rows = {}
    for action in Action:
        row = next(line for line in lines if line.startswith(f"| `{action}` |"))
        rows[action] = [cell.strip() for cell in row.strip().strip("|").split("|")][2:]
    for action, cells in rows.items():
        assert cells == ["yes" if action in ACTIONS[role] else "" for role in Role], action


def keys_of(model: type[BaseModel], before: str = "") -> set[str]:
    """The paths of all settings under a model, lists of tables by their table's name."""
    found = set()
    for name, field in model.model_fields.items():
        inner = [field.annotation, *get_args(field.annotation)]
        parts = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
        if parts:
            found |= keys_of(parts[0], f"{before}{name}.")
        else:
            found.add(f"{before}{name}")
    return found


def test_every_setting_of_the_service_is_in_the_page() -> None:
    keys = keys_of(ServiceSettings)
    assert {"mode", "web.listen", "oidc.issuer", "notify.events"} <= keys
    assert keys - first_column(DOCS / "configuration.md") == set()
