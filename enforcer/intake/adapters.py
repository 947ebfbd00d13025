# SPDX-License-Identifier: GPL-2.0-or-later
"""The formats that are read, by name: each a function from bytes to signals.

Such a function is pure and raises InvalidInput, which is answered with 4xx and kept for a
person to see. What listens or polls beside HTTP is in `enforcer.intake.service`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from enforcer.core.signals import Signal
from enforcer.errors import ConfigurationInvalid
from enforcer.intake.alertmanager import Labels, read_alertmanager
from enforcer.intake.fail2ban import read_fail2ban
from enforcer.intake.fastnetmon import read_fastnetmon
from enforcer.intake.generic import read_mapping
from enforcer.intake.intelmq import read_intelmq
from enforcer.intake.mail import read_mail
from enforcer.intake.suricata import read_ends, read_suricata
from enforcer.intake.wazuh import read_groups, read_wazuh
from enforcer.intake.xarf import read_xarf
from enforcer.service_settings import IntakeSettings

Read = Callable[[bytes], list[Signal]]


@dataclass(frozen=True)
class Adapter:
    """`name`: the last part of the path, ``/api/v1/in/NAME``; `content`: what is posted there.

    `says`: one line for the API's documentation.
    """

    name: str
    read: Read
    content: str
    says: str
    vouched: bool = True
    """Whether the token's holder vouches for what is posted; nobody does for a mail."""


def adapters(settings: IntakeSettings) -> dict[str, Adapter]:
    """Every format that is posted, by name. Raises ConfigurationInvalid."""
    every = [
        Adapter("xarf", read_xarf, "application/json", "XARF v4 or v3 reports"),
        Adapter("arf", read_mail, "message/rfc822", "A mail with a report (ARF, XARF)", False),
        Adapter("fastnetmon", read_fastnetmon, "application/json", "FastNetMon's callback"),
        Adapter(
            "alertmanager",
            partial(read_alertmanager, labels=_labels(settings)),
            "application/json",
            "Alertmanager's webhook, version 4",
        ),
        Adapter("intelmq", read_intelmq, "application/json", "An IntelMQ event"),
        Adapter("fail2ban", read_fail2ban, "application/json", "fail2ban's ban or unban"),
        Adapter(
            "suricata",
            partial(read_suricata, ends=read_ends(settings.adapters.get("suricata", {}))),
            "application/x-ndjson",
            "Suricata's EVE records, one a line",
        ),
        Adapter(
            "wazuh",
            partial(read_wazuh, established=read_groups(settings.adapters.get("wazuh", {}))),
            "application/json",
            "Wazuh's active response, version 4 or 5",
        ),
    ]
    mappings = settings.adapters.get("generic", {})
    for name, stated in mappings.items():
        if not isinstance(stated, Mapping):
            raise ConfigurationInvalid(
                f"service.intake.adapters.generic.{name}: write a table of paths"
            )
        webhook = read_mapping(name, stated)
        says = f"What the mapping {name} of the settings reads"
        every.append(Adapter(f"generic/{name}", webhook.read, "application/json", says))
    return {one.name: one for one in every}


def _labels(settings: IntakeSettings) -> Labels:
    stated: Mapping[str, Any] = settings.adapters.get("alertmanager", {})
    place = "service.intake.adapters.alertmanager"
    known = {"target", "peer", "evidence", "part"}
    for key in stated:
        if key not in known:
            raise ConfigurationInvalid(f"{place}: {key}: there is no such key: {sorted(known)}")
    laid = {}
    for key in ("target", "peer"):
        if key in stated:
            value = stated[key]
            laid[key] = (value,) if isinstance(value, str) else tuple(map(str, value))
    return Labels(
        laid.get("target", Labels().target),
        laid.get("peer", Labels().peer),
        str(stated.get("evidence", Labels().evidence)),
        str(stated.get("part", Labels().part)),
    )
