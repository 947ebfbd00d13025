# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands as proposals keep them, and read again when they are approved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from pydantic import ValidationError

from enforcer.application.commands import ChangeEnd, PlaceOrder
from enforcer.application.requests import (
    ChangeEndBody,
    PlaceBody,
    change_end_body,
    place_body,
)
from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.proposals import Proposal
from enforcer.wire import JSONValue
from enforcer.wire.canonical import canonical

PLACE, CHANGE_END = "place", "change_end"


def placing(command: PlaceOrder) -> dict[str, JSONValue]:
    """`command` as it is kept. Raises InvalidInput where it would not come back the same."""
    body = place_body(command)
    if _place(body) != command:
        raise InvalidInput("what is asked for cannot be kept for a second person: report this")
    return _plain(body)


def changing(command: ChangeEnd) -> dict[str, JSONValue]:
    """`command` as it is kept, with the order that it is about."""
    body = change_end_body(command)
    return _plain({"order": command.order, "extend": command.extend, **body})


def placed(proposal: Proposal, now: datetime) -> PlaceOrder:
    """What was proposed, to be placed now: a start that has passed meanwhile is now.

    So a duration counts from the approval. Raises StorageError.
    """
    try:
        command = _place(proposal.asked.command)
    except ValidationError as problem:
        raise _unreadable(proposal) from problem
    if command.start is not None and command.start <= now:
        return command.model_copy(update={"start": None})
    return command


def changed(proposal: Proposal) -> ChangeEnd:
    """The other end that was proposed for an order. Raises StorageError."""
    try:
        body = dict(proposal.asked.command)
        order, extend = body.pop("order"), body.pop("extend")
        return ChangeEndBody.model_validate(body).command(str(order), bool(extend))
    except (KeyError, ValidationError) as problem:
        raise _unreadable(proposal) from problem


def _place(body: Mapping[str, JSONValue]) -> PlaceOrder:
    return PlaceBody.model_validate(dict(body)).command()


def _plain(body: dict[str, JSONValue]) -> dict[str, JSONValue]:
    """As it comes back from the database."""
    read: dict[str, JSONValue] = json.loads(canonical(body))
    return read


def _unreadable(proposal: Proposal) -> StorageError:
    return StorageError(
        f"proposal {proposal.id} cannot be read: it was made by another version: reject it, and"
        " ask for the same again"
    )
