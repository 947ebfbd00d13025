# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may look and who may send a form, as the type of a parameter: one for each action."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form

from enforcer.api.forms import form_allowed
from enforcer.api.guard import Caller, allowed
from enforcer.core.access import Action
from enforcer.errors import InvalidInput

Reading = Annotated[Caller, Depends(allowed(Action.READ))]
Auditing = Annotated[Caller, Depends(allowed(Action.AUDIT))]
Steering = Annotated[Caller, Depends(form_allowed(Action.DEVICES))]
Text = Annotated[str, Form(max_length=10_000)]


def reason_of(text: str, of: str) -> str:
    """What somebody wrote as a reason of `of`. Raises InvalidInput where it is empty."""
    if not text.strip():
        raise InvalidInput(f"say why, for those who wonder: {of} needs a reason")
    return text.strip()
