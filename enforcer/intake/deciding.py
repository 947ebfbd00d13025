# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules and the evidence say of a signal: an order, something for a person, nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from enforcer.core.intake_rules import NARROW, Rule, Space, demand_of, rule_for
from enforcer.core.orders import Demand
from enforcer.core.signals import MAIL_FORMATS, Signal, against_ordering

Course = Literal["order", "open", "ignored"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`said`: why, for people. `seen`: the signal from the end that it is about.

    `demand`: what is to be ordered, where `course` is ``order``.
    """

    course: Course
    said: str
    seen: Signal
    rule: Rule | None = None
    demand: Demand | None = None
    customer: str | None = None


def decide(
    signal: Signal, source: str, trusted: bool, rules: tuple[Rule, ...], space: Space
) -> Verdict:
    """The evidence decides before any rule can: see `against_ordering`."""
    rule = rule_for(rules, signal, source, space)
    ordering = rule.order if rule is not None else None
    seen = signal if ordering is None else signal.seen_from(ordering.of)
    customers = space.customers(seen.target) if seen.target is not None else frozenset[str]()
    customer = next(iter(customers)) if len(customers) == 1 else None
    if rule is None:
        if trusted and signal.format not in MAIL_FORMATS:
            return Verdict("ignored", "no rule takes it", seen, customer=customer)
        return Verdict("open", "it waits for a person", seen, customer=customer)
    if ordering is None:
        if rule.do == "ignore":
            said = f"the rule {rule.name} ignores it"
            return Verdict("ignored", said, seen, rule, customer=customer)
        said = f"the rule {rule.name} leaves it to a person"
        return Verdict("open", said, seen, rule, customer=customer)
    why = against_ordering(
        seen,
        trusted=trusted,
        ours=seen.target is not None and space.ours(seen.target),
        direction=ordering.direction,
        narrow=ordering.kind in NARROW,
    )
    demand = why or demand_of(ordering, seen, customers)
    if isinstance(demand, str):
        return Verdict("open", demand, seen, rule, customer=customer)
    return Verdict("order", f"by the rule {rule.name}", seen, rule, demand, customer)
