# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with the speaker: read it and the routers, prove, announce, read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from drivers._ssh.transcript import Transcript
from drivers.gobgp.guarantee import Guarantee, own, talks
from drivers.gobgp.messages import addresses
from drivers.gobgp.model import (
    NO_EXPORT,
    Announcement,
    Box,
    Outside,
    Seen,
    leak_text,
    read_leak,
    token_of,
)
from drivers.gobgp.options import Options
from drivers.gobgp.parse import Labels, actual
from drivers.gobgp.planning import Work, lines, once_corrected
from drivers.gobgp.render import Shape
from drivers.gobgp.shared import Shared, Way
from drivers.gobgp.speaker import Speaker
from drivers.gobgp.witnesses import Testimony, Witnesses, part
from enforcer.clock import Clock
from enforcer.core.intervals import match
from enforcer.core.orders import Network
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual
from enforcer.core.topology import Blackholing
from enforcer.driver_api import Applied, Fingerprint
from enforcer.errors import CommandRejected, StaleState

_POLL = 0.1


@dataclass(frozen=True)
class Means:
    """What a session needs beside the speaker."""

    device: str
    shape: Shape
    blackholing: Blackholing
    options: Options
    labels: Labels
    shared: Shared
    clock: Clock


@dataclass(frozen=True, slots=True)
class Done:
    """A batch that stands; GoBGP takes nothing back by itself."""

    token: str

    def confirm(self) -> Applied:
        """It stays."""
        return Applied.APPLIED

    def abandon(self) -> Applied:
        """Only a reading tells what stands."""
        return Applied.UNKNOWN


class GobgpSession:
    """One open conversation; used by one thread."""

    def __init__(self, means: Means, speaker: Speaker, witnesses: Witnesses) -> None:
        self._means = means
        self._speaker = speaker
        self._witnesses = witnesses
        self._token: str | None = None
        self._transcript = Transcript()

    def close(self) -> None:
        """End the conversations with the routers; the speaker's is its owner's."""
        self._witnesses.close()

    def transcript(self) -> str:
        """What was sent, and how many paths were read, since this was last asked."""
        return self._transcript.take()

    # -- reading -----------------------------------------------------------------------------

    def _look(self) -> Box:
        """What the speaker says; asks no router."""
        speaker = self._speaker
        sets, hold = speaker.marks()
        leaked = {name: read_leak(name) for name in sets}
        marks = tuple(name for name, prefix in leaked.items() if prefix is None)
        ours: dict[Network, Announcement] = {**speaker.ours(4), **speaker.ours(6)}
        kept = frozenset(prefix for prefix in leaked.values() if prefix is not None)
        box = Box(ours, marks, hold, speaker.peerings(), leaked=kept)
        self._means.shared.proofs.looked(bool(marks), box.peerings)
        self._transcript.sent("list paths, sets and peers\n")
        self._transcript.received(f"{len(ours)} paths of ours, {len(box.peerings)} peers\n")
        return box

    def fingerprint(self) -> Fingerprint:
        """A digest of what is ours: GoBGP counts no generations."""
        return Fingerprint(self._look().token)

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours with what the routers say of it, or the members of `region` alone."""
        means = self._means
        at = means.clock.now()
        box = self._look()
        self._token = box.token
        if region.delta is None:
            try:
                box = replace(box, seen=self._seen(box))
            finally:
                # A router has few places for logins: none is held between passes.
                self._witnesses.close()
        return _part(actual(means.device, box, means.labels, at), region)

    def _seen(self, box: Box) -> Seen:
        """What the routers say; right after a write they are given time to learn of it."""
        means = self._means
        asked = part(box.ours, means.shared.turn)
        wrote = means.shared.wrote_at
        end = wrote + means.options.patience if wrote is not None else means.clock.monotonic()
        while True:
            heard = self._witnesses.ask(asked)
            found = _summed(box, asked, heard, self._allowed(box))
            if not found.absent or means.clock.monotonic() >= end:
                break
            means.clock.sleep(_POLL)
        if not found.silent:
            watched = own(heard, means.blackholing)
            unwatched = means.shared.proofs.unwatched(box.peerings, watched)
            found = replace(found, unwatched=tuple(p for p in unwatched if p.up and box.ours))
        if found.outside or found.unwatched:
            # Whatever was proved is not so: all is withdrawn, and proved anew before it comes back.
            means.shared.proofs.forget()
        if not found.silent:
            means.shared.proofs.talks = talks(heard)
        means.shared.turn += 1
        return found

    def _allowed(self, box: Box) -> Callable[[Network], Iterable[str]]:
        return lambda prefix: self._exports(box.ours[prefix])

    def _exports(self, announcement: Announcement) -> tuple[str, ...]:
        named = self._means.labels.of(announcement)
        return tuple(sorted({name for rule, _ in named for name in rule.exports}))

    # -- writing -----------------------------------------------------------------------------

    def stage(self, batch: Batch, guarded: bool = True) -> Done:
        """Prove that nothing will leave the network, then write one batch."""
        means, work = self._means, batch.payload
        if not isinstance(work, Work):
            raise ValueError(f"a batch for {means.device} was not made for gobgp")
        with means.shared.writing:
            now = self._look()
            if now.hold and not guarded:
                raise StaleState(means.device, "somebody put a marker there; read it again")
            if guarded and now.token != self._token:
                raise StaleState(means.device, "somebody changed what is announced; read it again")
            self._token = None
            work = replace(work, come=tuple(a for a in work.come if a.prefix not in now.leaked))
            try:
                self._announce(work, now)
            finally:
                self._witnesses.close()
            self._token = means.shared.own = _token_after(now, work)
        return Done(self._token)

    def _announce(self, work: Work, now: Box) -> None:
        fresh = [a for a in work.come if not self._stands(a, now)]
        if not fresh:
            self._write(work, now)
            return
        guarantee = self._guarantee()
        ways: set[Way] = {(a.prefix.version, self._exports(a)) for a in fresh}
        try:
            guarantee.require(ways, now.peerings)
        except CommandRejected:
            # What is lifted goes all the same.
            self._write(replace(work, come=()), now)
            raise
        self._write(work, now)
        exports = {a.prefix: self._exports(a) for a in fresh}
        outside = guarantee.seen_outside(fresh, lambda prefix: exports.get(prefix, ()))
        if outside:
            self._take_back(fresh, outside)

    def _stands(self, wanted: Announcement, now: Box) -> bool:
        """Whether it is announced already, and goes no further than now."""
        old = now.ours.get(wanted.prefix)
        return (
            old is not None
            and old.next_hop == wanted.next_hop
            and set(self._exports(wanted)) <= set(self._exports(old))
            and (NO_EXPORT in wanted.communities or NO_EXPORT not in old.communities)
        )

    def _take_back(self, fresh: Iterable[Announcement], outside: tuple[Outside, ...]) -> None:
        """The canary stayed inside and these do not: they would come and go for ever."""
        leaked = sorted({o.prefix for o in outside}, key=str)
        for prefix in leaked:
            self._speaker.set_mark(leak_text(prefix), there=True)
        self._speaker.send([a for a in fresh if a.prefix in leaked], [])
        first = outside[0]
        raise CommandRejected(
            self._means.device,
            f"{addresses(leaked)} was advertised by {first.witness} to {first.neighbor} as soon as"
            " it was announced, although the canary was not: it is withdrawn and stays so."
            f" {once_corrected(leaked[0])}",
        )

    def _guarantee(self) -> Guarantee:
        means = self._means
        return Guarantee(
            means.device,
            means.shape,
            means.blackholing,
            means.options,
            self._speaker,
            self._witnesses,
            means.shared.proofs,
            means.clock,
        )

    def _write(self, work: Work, now: Box) -> None:
        """The mark first: what stands without one belongs to nobody."""
        means = self._means
        for line in lines(work):
            self._transcript.sent(f"{line}\n")
        if work.mark is not None:
            self._speaker.set_mark(work.mark, there=True)
            for old in now.marks:
                if old != work.mark:
                    self._speaker.set_mark(old, there=False)
        for prefix in work.freed:
            self._speaker.set_mark(leak_text(prefix), there=False)
        standing = [now.ours[a.prefix] for a in work.gone if a.prefix in now.ours]
        if work.come or standing:
            means.shared.wrote_at = means.clock.monotonic()
            self._speaker.send(standing, work.come)
            self._transcript.received("done\n")


def _token_after(now: Box, work: Work) -> str:
    ours = dict(now.ours)
    for gone in work.gone:
        ours.pop(gone.prefix, None)
    ours |= {a.prefix: a for a in work.come}
    marks = now.marks if work.mark is None else (work.mark,)
    left = replace(now, ours=ours, marks=marks, leaked=now.leaked - set(work.freed))
    return token_of(ours.values(), left.sets, now.hold)


def _summed(
    box: Box,
    asked: Iterable[Network],
    heard: Iterable[Testimony],
    allowed: Callable[[Network], Iterable[str]],
) -> Seen:
    up = any(p.up for p in box.peerings)
    asked, heard = tuple(asked), tuple(heard)
    return Seen(
        tuple((t.witness.device, t.failure) for t in heard if t.failure),
        tuple(
            (t.witness.device, prefix)
            for t in heard
            for prefix in asked
            # Where no session is up, that is what is wrong.
            if up and not t.failure and prefix not in t.held
        ),
        tuple(o for t in heard for o in t.outside(allowed)),
        tuple((t.witness.device, p) for t in heard for p in asked if p in t.held - t.discarded),
    )


def _part(whole: Actual, region: Region) -> Actual:
    """`whole` cut to the members of `region`."""
    delta = region.delta
    if delta is None:
        return whole
    addresses = {}
    for rule, rows in whole.addresses.items():
        if rule not in delta.addresses:
            continue
        kept = np.zeros(len(rows), np.bool_)
        for asked in (delta.addresses[rule].add, delta.addresses[rule].remove):
            at = match(asked, rows)
            kept[at[at >= 0]] = True
        addresses[rule] = rows.take(kept)
    return replace(whole, addresses=addresses, interfaces={}, region=True, hold=False)
