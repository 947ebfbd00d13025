# SPDX-License-Identifier: GPL-2.0-or-later
"""What we write means to BIRD what a rule means: BIRD itself is asked about prefixes."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from drivers._router.target import Target
from drivers.bird.answers import conversation
from drivers.bird.model import IncludeFile
from drivers.bird.names import set_name
from drivers.bird.render import content, layout
from enforcer.core.intervals import Ranges, merge
from enforcer.core.orders import Network
from enforcer.core.routes import BITS, Route, rejects
from enforcer.core.rules import Exempt, Key, RouteMatch, Rule
from tests.contract.bird_subject import BirdSubject, bird

pytestmark = pytest.mark.root
BASE = {4: ip_network("10.0.0.0/24"), 6: ip_network("2001:db8::/120")}
WHOLE = {family: (0, (1 << bits) - 1) for family, bits in BITS.items()}


def drawn(chance: random.Random, family: int) -> tuple[Rule, Ranges]:
    first, bits = int(BASE[family].network_address), BITS[family]

    def spans(most: int) -> Ranges:
        pairs = (sorted(chance.choices(range(256), k=2)) for _ in range(chance.randint(1, most)))
        return merge(Ranges.of((first + a, first + b) for a, b in pairs))

    members = Ranges.of([WHOLE[family]]) if chance.random() < 0.3 else spans(4)
    kept = spans(2) if chance.random() < 0.5 else Ranges.none()
    low = chance.randint(bits - 10, bits - 3)
    match = RouteMatch(low, chance.randint(low, bits)) if chance.random() < 0.6 else None
    exempt = tuple(Exempt(a, b) for a, b in kept.pairs())
    neighbor = "10.1.0.2"
    return Rule(family, Key.RECEIVED, exempt=exempt, neighbor=neighbor, routes=match), members


def prefixes(chance: random.Random, family: int) -> Iterator[Network]:
    """Inside and around the space that rules are about, of all lengths."""
    bits = BITS[family]
    for length in (0, 1, 8, *range(bits - 11, bits + 1)):
        address = int(BASE[family].network_address) + chance.randrange(-64, 320)
        yield ip_network((address, length), strict=False)


def asked(subject: BirdSubject, commands: list[str]) -> list[bool]:
    argv = ["birdcl", "-v", "-s", str(subject.folder / "ctl")]
    told = "".join(f"{command}\n" for command in commands).encode()
    done = subprocess.run(argv, input=told, capture_output=True, check=True)
    return [r.text() == "TRUE" for r in conversation("edge1", done.stdout, commands)]


@pytest.mark.parametrize("family", [4, 6])
def test_bird_rejects_what_the_rule_rejects(family: int) -> None:
    chance = random.Random(family)
    rules = dict(drawn(chance, family) for _ in range(150))
    with bird() as subject:
        assert isinstance(subject, BirdSubject)
        items = layout(["10.1.0.2", "10.1.1.2", "2001:db8:9::2"], Target(rules))
        subject.include.write_bytes(content(IncludeFile(items)))
        subject.birdc("configure")
        cases = [(rule, p) for rule in rules for p in prefixes(chance, family)]
        said = asked(subject, [f"eval {p} ~ {set_name(rule)}" for rule, p in cases])
    wrong = [
        (rule, str(prefix), is_in)
        for (rule, prefix), is_in in zip(cases, said, strict=True)
        if rejects(rule, rules[rule], Route(prefix)) is not is_in
    ]
    assert not wrong, wrong[:3]
    assert 100 < sum(said) < len(said) - 100
