# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of each line of a bulk file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType

from enforcer.application.desk_views import PlaceResult
from enforcer.cli.tables.layout import Status, columns, words


def results(found: Sequence[PlaceResult], now: datetime) -> RenderableType:
    """One row per line: the order, or the code and why."""
    table = columns("Line", "Result", "Order", "What", fixed=("Result", "Order"), right=("Line",))
    for view in found:
        if view.order is not None:
            status, said = "placed", f"{view.order.kind.replace('_', '-')} {view.order.target}"
            said += f" ({view.message})" if view.message else ""
        elif view.code is None:
            status, said = "would place", view.message
        elif view.proposal is not None:
            status, said = "waiting", view.message
        else:
            invalid = view.code == "invalid"
            status = "invalid" if invalid else "refused"
            said = view.message if invalid else f"[{view.code}] {view.message}"
        order = view.order.id if view.order else "-"
        table.add_row(str(view.line), Status(status), order, words(said))
    return table
