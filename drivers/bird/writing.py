# SPDX-License-Identifier: GPL-2.0-or-later
"""Our file, and BIRD's configuration with it: there, and back.

Whatever takes a configuration enables every protocol that somebody disabled by `birdc disable`
(BIRD 2.0.12, measured): those that are to stay down are disabled again at once, by the same
conversation on the host. If nobody lives to do it, they are up: so nothing is configured while
somebody else disabled one of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from drivers.bird.answers import Reply
from drivers.bird.control import Control
from drivers.bird.names import quoted
from drivers.bird.planning import Work
from drivers.bird.proof import Before
from drivers.bird.reading import Look, look
from drivers.bird.setup import Setup
from enforcer.clock import Clock
from enforcer.errors import CommandRejected, DeviceBusy, DeviceError

CHECK = "configure check"
_DOWN_WITHIN, _STEP = 15.0, 0.1


def configured(
    setup: Setup, control: Control, clock: Clock, work: Work, before: Before, configure: bool
) -> Look:
    """Configure the new file with a timer; disable and enable what `work` says.

    The old file stands again before this returns: BIRD goes back to it, and so does a BIRD that
    is started anew. Raises CommandRejected where BIRD refuses it: then everything is as before.
    """
    commands = _disabling(work.close)
    stay = {n: said for n, said in before.seen.down.items() if n not in work.reopen}
    commands += [f"enable {quoted(name)}" for name in work.reopen]
    if configure:
        timed = f"configure timeout {setup.confirm}"
        found = control.arm(work.content, [CHECK, timed, *_disabling(stay), *commands])
        control.armed = digest_of(before.content), digest_of(work.content)
    else:
        found = control.ask_until_refused(commands)
    refused = _refusal(found)
    if refused and configure:
        put_back(setup, control, before)
        if len(found) == 1:
            raise _mistaken(setup, refused)
    if refused:
        raise CommandRejected(setup.device, f"BIRD refused it: {refused}")
    return _wait(setup, control, clock, (*work.close, *stay))


def digest_of(content: bytes | None) -> str:
    """The digest of a file; one that is not there is made empty."""
    return hashlib.sha256(content or b"").hexdigest()


def _mistaken(setup: Setup, refusal: str) -> CommandRejected:
    whose = "our include file" if setup.include in refusal else "the configuration"
    return CommandRejected(
        setup.device,
        f"`configure check` finds an error in {whose}, and nothing was changed: {refusal};"
        " correct it",
    )


def put_back(setup: Setup, control: Control, before: Before) -> None:
    """The configuration as it was, and the sessions; the file is. Raises DeviceError."""
    control.armed = None
    undo = ["configure undo"] if control.pending() else []
    commands = [*undo, *_disabling(before.seen.down)]
    reply = _refusal(control.ask_until_refused(commands)) if commands else ""
    if reply:
        raise DeviceError(setup.device, f"it could not be taken back: {reply}")


def _disabling(down: Mapping[str, str]) -> list[str]:
    return [
        f'disable {quoted(name)} "{said}"' if said else f"disable {quoted(name)}"
        for name, said in down.items()
    ]


def _refusal(found: Iterable[Reply]) -> str:
    return next((reply.refusal for reply in found if reply.refusal), "")


def _wait(setup: Setup, control: Control, clock: Clock, down: Iterable[str]) -> Look:
    """Until BIRD took the configuration, and what was disabled is down; what it looks like."""
    until = clock.monotonic() + _DOWN_WITHIN
    while True:
        try:
            seen = look(setup, control)
            if set(down) <= seen.down.keys():
                return seen
        except DeviceBusy:
            if clock.monotonic() > until:
                raise
        if clock.monotonic() > until:
            raise DeviceError(setup.device, f"{', '.join(down)} did not go down")
        clock.sleep(_STEP)
