# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the time of an order goes, by the steps that it announces. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.errors import NoVerdict

Marks = Sequence[tuple[float, str]]
"""Instants (CLOCK_MONOTONIC seconds) and the steps that were announced then, by time."""

LOOP_PARTS: Mapping[str, str] = {
    "doorbell, order book, compile, plan": "intent-writing",
    "commit of the intent": "intent-committed",
    "stage: the kernel drops from here on": "staged",
    "read back and compare": "confirmed",
    "commit of the outcome": "outcome-committed",
}
"""What the controller does, by the step that ends it."""

API_PARTS: Mapping[str, str] = {
    "request, authentication, guardrails": "placing",
    "write the order": "placed",
    "commit it": "ringing",
    **LOOP_PARTS,
}
"""A call of the API; the disk has it when the answer goes out."""


def order_parts(
    marks: Marks, began: float, until: float, parts: Mapping[str, str]
) -> dict[str, float]:
    """Seconds of each part of what was done between two instants.

    A part ends at the first announcement of its step after the part before it has ended. Raises
    NoVerdict: a step is missing.
    """
    found: dict[str, float] = {}
    at = began
    for part, step in parts.items():
        ends = [instant for instant, name in marks if name == step and at <= instant <= until]
        if not ends:
            raise NoVerdict(f"no step {step} before the order was undone")
        found[part], at = ends[0] - at, ends[0]
    return found
