# SPDX-License-Identifier: GPL-2.0-or-later
"""The office that takes reports, for what listens on real sockets."""

from tests.unit.intake.conftest import database, empty, office

__all__ = ["database", "empty", "office"]
