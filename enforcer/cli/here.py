# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that work on the installation's own machine alone, each with the reason.

All others do the same through ``--server``.
"""

from __future__ import annotations

from collections.abc import Mapping

from enforcer.errors import InvalidInput

_DATABASE = "it opens the database itself, which no server may be using meanwhile"

HERE: Mapping[str, str] = {
    "init": "it writes the settings and makes the database, before there is a server",
    "run": "it is the server",
    "database status": "it opens the database itself, also where no server can use it",
    "database copy": _DATABASE,
    "database reclaim": _DATABASE,
    "audit key": "the private key that it makes stays on the machine that signs",
}
"""By the command's words."""

OF_THE_PROGRAM: Mapping[str, str] = {
    "completion": "the shell that completes is this one",
    "intake files": "they are part of the program",
    "notice events": "they are part of the program",
}
"""Commands that ask neither an installation nor a server: with ``--server`` they are the same."""


def refuse_elsewhere(command: str, server: str | None) -> None:
    """Raise InvalidInput for a command of `HERE` that was to go to a server."""
    if server is not None and command in HERE:
        raise InvalidInput(
            f"'enforcer {command}' does not work through {server}: {HERE[command]}. Run it at the"
            " installation, without --server"
        )
