# SPDX-License-Identifier: GPL-2.0-or-later
"""Try a report against the rules: what it would become. Stores nothing, orders nothing."""

from __future__ import annotations

from enforcer.application.report_views import TrialView
from enforcer.core.intake_reading import read_rules
from enforcer.core.prefixes import format_network
from enforcer.core.signals import Signal
from enforcer.errors import InvalidInput
from enforcer.intake.adapters import adapters
from enforcer.intake.deciding import decide
from enforcer.intake.space import InventorySpace
from enforcer.service_settings import IntakeSettings
from enforcer.usecases.world import World
from enforcer.wire import demand_to_wire


def tried(
    world: World, settings: IntakeSettings, format_: str, source: str, raw: bytes
) -> list[TrialView]:
    """What each signal in `raw` would become, if `source` sent it now.

    Thresholds and what stands already are left aside: they are told in `said`. Raises
    InvalidInput for an unknown format and for what cannot be read, ConfigurationInvalid.
    """
    known = adapters(settings)
    # As its reports and the rules name it: generic-siem is what is posted to generic/siem.
    spoken = {one.replace("/", "-"): one for one in known}
    adapter = known.get(spoken.get(format_, format_))
    if adapter is None:
        raise InvalidInput(f"--format {format_}: there is none: {', '.join(sorted(known))}")
    rules = read_rules(settings.rules, settings.default_duration)
    space = InventorySpace(world.topology)
    views = []
    for signal in adapter.read(raw):
        verdict = decide(signal, source, adapter.vouched, rules, space)
        rule = verdict.rule
        said = verdict.said
        if verdict.course == "order" and rule is not None and rule.threshold > 1:
            said = f"{said}, when {rule.threshold} reports about it came in time"
        views.append(
            TrialView(
                format=signal.format,
                type=signal.type,
                target=_text(verdict.seen),
                evidence=signal.evidence,
                part=verdict.seen.part,
                course=verdict.course,
                rule=rule.name if rule else None,
                said=said,
                demand=None if verdict.demand is None else demand_to_wire(verdict.demand),
                customer=verdict.customer,
                warnings=list(signal.warnings),
            )
        )
    return views


def _text(signal: Signal) -> str | None:
    return None if signal.target is None else format_network(signal.target)
