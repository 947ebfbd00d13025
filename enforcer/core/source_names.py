# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of sources of orders that mean something by themselves."""

from __future__ import annotations

EVERYBODY = "*"
"""The name under which limits are stated for every source that is not named itself, and by
which all automated sources are stopped at once."""
PEOPLE = frozenset({"cli", "api", "web", "controller"})
"""Sources that people and the program itself use; every other one is automated."""
