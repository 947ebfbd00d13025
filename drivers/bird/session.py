# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with one BIRD: read, configure with a timer, prove, confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace

from drivers._daemon.shell import Shell
from drivers._router.known import KnownRules
from drivers._router.region import part
from drivers.bird.configured import by_hand, disabled
from drivers.bird.control import Control, Files
from drivers.bird.holdings import ReadMembers, sessions
from drivers.bird.names import STATE
from drivers.bird.parse import owner_of
from drivers.bird.planning import Work
from drivers.bird.proof import Before, flaw, leaking
from drivers.bird.reading import Look, look, read_box
from drivers.bird.routing import routes, sightings
from drivers.bird.setup import Setup
from drivers.bird.writing import configured, put_back
from enforcer.clock import Clock
from enforcer.core.orders import Network
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import HOLD_MARKER, Actual, Key
from enforcer.driver_api import Applied, Fingerprint, NeighborRoutes, Sighting
from enforcer.errors import CommandRejected, DeviceBusy, DeviceError, EnforcerError, StaleState

Again = Callable[[], AbstractContextManager[Shell]]
"""A second way to the host: for the proof that the first one was not cut by the change."""


@dataclass(frozen=True, slots=True)
class Done:
    """A change that stands for good."""

    token: str

    def confirm(self) -> Applied:
        """It stays already."""
        return Applied.APPLIED

    def abandon(self) -> Applied:
        """It cannot be taken back alone; the next plan does."""
        return Applied.UNKNOWN


class Armed:
    """A configuration that BIRD takes back by itself unless it is confirmed in time."""

    def __init__(self, session: BirdSession, work: Work, before: Before, token: str) -> None:
        self._session = session
        self._over: Applied | None = None
        self.work = work
        self.before = before
        self.token = token

    def confirm(self) -> Applied:
        """Prove it, and make it stay; taken back and DeviceError where it cannot be proved."""
        if self._over is None:
            self._over = Applied.UNKNOWN
            self._over = self._session.confirm(self)
        return self._over

    def abandon(self) -> Applied:
        """Take it back now; UNKNOWN: the timer does."""
        if self._over is None:
            self._over = self._session.abandon(self)
        return self._over


class BirdSession:
    """One open conversation; used by one thread."""

    def __init__(
        self,
        setup: Setup,
        shell: Shell,
        known: KnownRules,
        files: Files,
        clock: Clock,
        again: Again | None,
    ) -> None:
        """`again` None: the host is this one, and no change of routes can cut the way to it."""
        self._setup = setup
        self._shell = shell
        self._control = Control(setup, shell, files)
        self._known = known
        self._clock = clock
        self._again = again
        self._token: str | None = None
        self._armed: Armed | None = None

    def close(self) -> None:
        """End the conversation; a change that was not confirmed is taken back."""
        with suppress(EnforcerError):
            if self._armed is not None:
                self._armed.abandon()

    def transcript(self) -> str:
        """What was run and answered since this was last asked, secrets masked."""
        return self._shell.said()

    # -- reading -------------------------------------------------------------------------

    def fingerprint(self) -> Fingerprint:
        """The files' digests, what is in force, when that came to be, and what is disabled."""
        return Fingerprint(look(self._setup, self._control).token)

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours, or what is there of the members of `region`."""
        at = self._clock.now()
        box, seen = read_box(self._setup, self._control)
        if self._armed is None:
            # Also one of our own, of a session that died: what is there may not stay.
            self._refuse_pending(seen)
        if region.delta is None:
            self._token = seen.token
        actual = Actual(
            self._setup.device,
            at,
            owner_of(self._setup.device, box.file),
            ReadMembers(box, self._known),
            sessions(box),
            box,
            token=seen.token,
            hold=box.hold,
        )
        found = part(actual, region)
        return replace(found, hold=False) if found.region else found

    def _refuse_pending(self, seen: Look) -> None:
        if seen.waits:
            raise DeviceBusy(
                self._setup.device,
                f"BIRD's configuration waits for its confirmation ({seen.waits}): what is there is"
                " not proved to stay; confirm it, or wait until BIRD takes it back",
            )

    # -- routes --------------------------------------------------------------------------

    def routes(self, neighbor: str, family: int, way: Key) -> NeighborRoutes:
        """See `RoutingSession`."""
        return routes(self._setup, self._control, neighbor, family, way)

    def sightings(self, prefix: Network) -> tuple[tuple[Sighting, ...], bool]:
        """See `RoutingSession`."""
        return sightings(self._setup, self._control, prefix)

    # -- writing -------------------------------------------------------------------------

    def stage(self, batch: Batch, guarded: bool = True) -> Done | Armed:
        """Write our file and have BIRD take it for a while."""
        work = batch.payload
        if not isinstance(work, Work):
            raise ValueError(f"a batch for {self._setup.device} was not made by the BIRD driver")
        if self._armed is not None:
            # Another configuration would confirm what waits: so that is proved first.
            self._armed.confirm()
        seen = look(self._setup, self._control)
        self._refuse_pending(seen)
        include = self._setup.include
        old = self._control.content(include, seen.digests.get(include, ""))
        self._may_write(seen, old, guarded)
        if work.restarts:
            raise CommandRejected(
                self._setup.device,
                f"BIRD would restart {', '.join(work.restarts)} to filter its routes anew, for the"
                " neighbor cannot send them again: set `import table on` in its channels, and"
                " configure; nothing was changed",
            )
        same = old == work.content and seen.running == work.state and not work.anew
        if same and not work.close and not work.reopen:
            self._token = seen.token
            return Done(seen.token)
        configure = not same
        said = self._control.configuration(seen.digests)
        if configure:
            self._refuse_edited(seen, said)
            self._refuse_disabled(seen, said[0] if said else "")
        self._token = None
        before = Before(old, seen, said[0] if said else "")
        after = configured(self._setup, self._control, self._clock, work, before, configure)
        self._token = after.token
        if same:
            return Done(self._token)
        self._control.took(after.status.configured, before.text)
        self._armed = Armed(self, work, before, self._token)
        return self._armed

    def _may_write(self, seen: Look, old: bytes | None, guarded: bool) -> None:
        device = self._setup.device
        if guarded and seen.token != self._token:
            raise StaleState(device, "somebody changed it since it was read; read it again")
        said = self._control.configuration(seen.digests)
        held = HOLD_MARKER.encode() in (old or b"") or (said is not None and HOLD_MARKER in said[0])
        if held and not guarded:
            raise StaleState(device, "somebody put a marker there; read it again")

    def _refuse_edited(self, seen: Look, said: tuple[str, tuple[str, ...]] | None) -> None:
        device = self._setup.device
        if said is None:
            raise CommandRejected(
                device,
                f"{self._setup.config} cannot be read: whether it was edited since it was"
                " configured is unknown; let our user read it, or set transport.config",
            )
        edited = self._control.edited(said, seen.status.configured)
        if edited:
            raise DeviceBusy(
                device,
                f"{edited} and is not configured: our change would put that into force too; finish"
                " it with `birdc configure`, or take it back",
            )

    def _refuse_disabled(self, seen: Look, text: str) -> None:
        """Whatever takes a configuration, BIRD's own timer too, enables what somebody disabled."""
        down = by_hand(seen.down, text)
        up = sorted(p.name for p in seen.protocols if not p.down and disabled(text, p.name))
        if down:
            raise DeviceBusy(
                self._setup.device,
                f"{', '.join(down)} was disabled by hand, and whoever configures BIRD enables it:"
                " put `disabled;` into its protocol, or enable it again; nothing was changed",
            )
        if up:
            raise DeviceBusy(
                self._setup.device,
                f"{', '.join(up)} was enabled by hand, and whoever configures BIRD disables it:"
                " take `disabled` out of its protocol; nothing was changed",
            )

    def confirm(self, armed: Armed) -> Applied:
        """Prove a change and confirm it; a change that is no good is taken back."""
        with self._proving() as control:
            why = flaw(self._setup, control, self._clock, armed.work, armed.before)
        if why:
            back = self.abandon(armed)
            ended = (
                "it was taken back"
                if back is Applied.ABANDONED
                else f"BIRD takes it back within {self._setup.confirm} s"
            )
            raise DeviceError(self._setup.device, f"{why}; {ended}")
        self._armed = self._control.armed = None
        self._control.write(self._setup.include, armed.work.content)
        reply = self._control.agreed("configure confirm")
        if "confirmed" not in reply.text():
            self._control.write(self._setup.include, armed.before.content or b"")
            raise DeviceError(
                self._setup.device,
                f"the confirmation came too late ({reply.text()}): BIRD took the change back; give"
                " options.confirm more seconds",
            )
        if self._control.symbol(STATE) != armed.work.state:
            raise DeviceError(self._setup.device, "somebody else configured it meanwhile")
        left = leaking(self._setup, self._control, self._clock)
        if left:
            raise DeviceError(self._setup.device, left)
        return Applied.APPLIED

    @contextmanager
    def _proving(self) -> Iterator[Control]:
        """By a fresh login where one is needed at all."""
        if self._again is None:
            yield self._control
            return
        with self._again() as shell:
            again = Control(self._setup, shell)
            again.armed = self._control.armed
            yield again

    def abandon(self, armed: Armed) -> Applied:
        """Take it back; UNKNOWN: it could not be done, the timer does it."""
        self._armed, self._token, self._control.armed = None, None, None
        try:
            if not self._control.pending():
                return Applied.UNKNOWN
            put_back(self._setup, self._control, armed.before)
        except DeviceError:
            return Applied.UNKNOWN
        return Applied.ABANDONED
