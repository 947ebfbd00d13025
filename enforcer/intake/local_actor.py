# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom adapters act for that come with no token: files that are followed, LAPIs that are polled.

Their limits are stated beside them in the settings, as those of a token are stated with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from enforcer.application.actor import Actor
from enforcer.core.access import MachineLimits, Rights, Role
from enforcer.core.times import parse_duration
from enforcer.errors import ConfigurationInvalid, InvalidInput

_KEYS = frozenset(field.name for field in fields(MachineLimits))


def local_actor(name: str, settings: Mapping[str, Any]) -> Actor:
    """The actor of adapter `name`: its source is ``settings.source`` or its name.

    ``settings.limits`` lays `kinds`, `longest` (a duration), `widest4`, `widest6`, `own_space`
    and `per_minute` over the defaults of `MachineLimits`. Raises ConfigurationInvalid.
    """
    place = f"service.intake.adapters.{name}.limits"
    stated = settings.get("limits", {})
    if not isinstance(stated, Mapping):
        raise ConfigurationInvalid(f"{place}: write a table of limits")
    for key in stated:
        if key not in _KEYS:
            raise ConfigurationInvalid(f"{place}: {key}: there is no such limit: {sorted(_KEYS)}")
    laid = dict(stated)
    try:
        if "longest" in laid:
            laid["longest"] = int(parse_duration(str(laid["longest"])).total_seconds())
    except InvalidInput as problem:
        raise ConfigurationInvalid(f"{place}: longest: {problem}") from None
    if "kinds" in laid:
        laid["kinds"] = frozenset(map(str, laid["kinds"]))
    rights = Rights(frozenset({Role.DETECTOR}), machine=MachineLimits(**laid))
    return Actor(name, str(settings.get("source", name)), rights)
