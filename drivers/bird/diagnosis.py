# SPDX-License-Identifier: GPL-2.0-or-later
"""What a first installation gets wrong on a BIRD."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from drivers._daemon.shell import Shell
from drivers._router.target import Target
from drivers.bird.answers import keeps_filtered
from drivers.bird.configured import by_hand
from drivers.bird.control import Control
from drivers.bird.hooks import gap, restarts
from drivers.bird.model import Box, Protocol
from drivers.bird.names import WAYS
from drivers.bird.reading import Look, look, read_box
from drivers.bird.render import layout
from drivers.bird.setup import Setup
from enforcer.core.rules import HOLD_MARKER
from enforcer.driver_api import Diagnosis
from enforcer.errors import EnforcerError

_ROLE = "Role:"


def diagnose(
    setup: Setup, shell: Callable[[], AbstractContextManager[Shell]]
) -> tuple[Diagnosis, ...]:
    """Most important first; stops where nothing more can be asked. Never raises."""
    found: list[Diagnosis] = []
    try:
        with shell() as opened:
            control = Control(setup, opened)
            seen = look(setup, control)
            detail = f"BIRD {seen.status.version}, up since {seen.status.started}"
            found.append(Diagnosis("reachable", True, detail))
            found += _waiting(seen.waits)
            box, _ = read_box(setup, control)
            found += _included(setup, control, seen, box)
            for neighbor in setup.neighbors:
                found += _neighbor(box, neighbor)
            if box.hold:
                found.append(_marker())
    except EnforcerError as error:
        check = "conversation" if found else "reachable"
        advice = "look at the host, and at the transport and credentials of this device"
        found.append(Diagnosis(check, False, str(error), advice))
    return tuple(found)


def _marker() -> Diagnosis:
    return Diagnosis(
        "marker",
        False,
        f"{HOLD_MARKER} is there: nothing is written",
        f"when it may be written to again: remove the line with {HOLD_MARKER}",
    )


def _waiting(waits: str) -> Iterator[Diagnosis]:
    yield Diagnosis(
        "confirmed",
        not waits,
        waits or "no configuration waits for its confirmation",
        "confirm it with `birdc configure confirm`, or wait" if waits else "",
    )


def _included(setup: Setup, control: Control, seen: Look, box: Box) -> Iterator[Diagnosis]:
    needed = not box.file.items
    if needed:
        text = "".join(t for n, t in layout(setup.neighbors, Target()).items() if n != "header")
        yield Diagnosis(
            "include file",
            False,
            f"{setup.include} is not there, or empty",
            f"write this into it, so that filters may call it already:\n{text}",
        )
    elif box.running is None and box.file.state:
        yield Diagnosis(
            "include file",
            False,
            "BIRD does not know what our include file says",
            f'write `include "{setup.include}";` before the protocols, and configure',
        )
    else:
        yield Diagnosis("include file", True, f"{setup.include} is read by BIRD")
    said = control.configuration(seen.digests)
    if said is None:
        advice = f"let the user that we log in as read {setup.config}, or set transport.config"
        yield Diagnosis("configuration", False, f"{setup.config} cannot be read", advice)
    else:
        yield Diagnosis("configuration", True, f"{len(said[1])} files read")
        down = by_hand(seen.down, said[0])
        if down:
            detail = f"{', '.join(down)} was disabled by hand: nothing is configured meanwhile"
            advice = "put `disabled;` into its protocol, or enable it again"
            yield Diagnosis("disabled", False, detail, advice)


def _neighbor(box: Box, neighbor: str) -> Iterator[Diagnosis]:
    some = box.protocols.get(neighbor, ())
    if not some:
        advice = "correct the inventory, or configure the protocol"
        yield Diagnosis(f"neighbor {neighbor}", False, "there is no BGP protocol with it", advice)
    for one in some:
        gaps = [why for f in one.families for way in WAYS if (why := gap(box, one, f, way))]
        label = f"protocol {one.name}"
        if restarts(box, one):
            gaps.append("its neighbor cannot send routes again, and `import table` is off")
        if gaps:
            yield Diagnosis(label, False, gaps[0], "change its filter, and configure")
        else:
            yield Diagnosis(label, True, _described(one))


def _described(one: Protocol) -> str:
    families = ", ".join(f"ipv{f}" for f in one.families)
    kept = [f"ipv{f}" for f in one.families if keeps_filtered(one, f)]
    role = next((d.strip() for d in one.details if d.strip().startswith(_ROLE)), "")
    said = [f"neighbor {one.neighbor}, {families}: its filters call our functions"]
    if one.established:
        said.append(f"rejected routes kept of {', '.join(kept)}" if kept else _NOT_KEPT)
    said.append(f"{role} (RFC 9234)" if role else "no role (RFC 9234)")
    return "; ".join(said)


_NOT_KEPT = "rejected routes are not kept: `import keep filtered on` would show them"
