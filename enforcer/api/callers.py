# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may call a route, as the type of its parameter: one for each action."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from enforcer.api.guard import Caller, allowed, is_machine
from enforcer.core.access import Action
from enforcer.errors import Forbidden

Reader = Annotated[Caller, Depends(allowed(Action.READ))]
Looker = Annotated[Caller, Depends(allowed(Action.OWN))]
"""Who may read, and detectors, which the application shows their own source's orders alone."""
People = Annotated[Caller, Depends(allowed(Action.READ, people=True))]
"""Who may read, but no detector: customers, and what reporters and colleagues wrote."""
Placer = Annotated[Caller, Depends(allowed(Action.PLACE))]
Commenter = Annotated[Caller, Depends(allowed(Action.COMMENT))]
BulkPlacer = Annotated[Caller, Depends(allowed(Action.BULK))]
Approver = Annotated[Caller, Depends(allowed(Action.APPROVE))]
DeviceKeeper = Annotated[Caller, Depends(allowed(Action.DEVICES))]
Pauser = Annotated[Caller, Depends(allowed(Action.PAUSE))]
Resumer = Annotated[Caller, Depends(allowed(Action.RESUME))]
InventoryKeeper = Annotated[Caller, Depends(allowed(Action.INVENTORY))]
Auditor = Annotated[Caller, Depends(allowed(Action.AUDIT))]
Judge = Annotated[Caller, Depends(allowed(Action.JUDGE))]


def people_only(caller: Caller) -> None:
    """Raises Forbidden for a detector, whose limits would not hold for what is asked."""
    if is_machine(caller.actor):
        raise Forbidden("a detector may not do this: a person has to")
