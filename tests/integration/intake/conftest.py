# SPDX-License-Identifier: GPL-2.0-or-later
"""The office that takes reports, for what listens on real sockets."""

from tests.unit.conftest import initialised
from tests.unit.intake.conftest import database, office

__all__ = ["database", "initialised", "office"]
