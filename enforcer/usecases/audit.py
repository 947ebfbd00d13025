# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit chain: list it, show an entry with its evidence, export, sign."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from enforcer.application.actor import Actor
from enforcer.application.commands import AuditFilter, KnownHead
from enforcer.application.record_views import AuditEntryView, SignatureView
from enforcer.application.views import AuditCheck, EventView
from enforcer.control.signing_clock import need_key, sign_head
from enforcer.core.times import format_when
from enforcer.errors import EnforcerError, InvalidInput, NotFound
from enforcer.signing import head_bytes, holds, key_name, load_key
from enforcer.storage import chain
from enforcer.storage.audit import Which
from enforcer.storage.chain import Head, Link
from enforcer.storage.records import OUTCOME, AuditEntry
from enforcer.storage.signatures import SignedHead
from enforcer.storage.unit_of_work import INTENT, Reader
from enforcer.usecases.present import event_view
from enforcer.usecases.world import World

NATIVE_SHOWN = 200
_PAGE = 1_000


def verify(
    world: World,
    heads: Sequence[KnownHead] = (),
    told: Callable[[int, int], None] = lambda done, of: None,
) -> AuditCheck:
    """See `Application.audit_verify`. `told`: progress, entries walked and of how many."""
    known = [_known(head) for head in heads]
    with world.database.read() as reader:
        return verified(reader, world.signing_key, known, told)


def verified(
    reader: Reader,
    key: Path | None,
    known: Sequence[Head] = (),
    told: Callable[[int, int], None] = lambda done, of: None,
) -> AuditCheck:
    """The chain, all that is compared with it, and the signatures; `key`: ours, a file."""
    found = reader.audit.verify(told, known)
    if not found.ok:
        return AuditCheck(ok=False, entries=found.entries, first_bad=found.first_bad, why=found.why)
    forged = _forged(reader, key)
    if forged is not None:
        why = f"entry {forged.seq} was signed, but the signature does not hold"
        return AuditCheck(ok=False, entries=forged.seq - 1, first_bad=forged.seq, why=why)
    newest = reader.signatures.newest()
    good = AuditCheck(ok=True, entries=found.entries, first_bad=None, why="")
    own = None if newest is None else _is_ours(newest, key)
    signed = {} if newest is None else {"signed": newest.seq, "signed_by": newest.key}
    warning = _warning(newest, key, own)
    return good.model_copy(update={**signed, "own_key": own, "warning": warning})


def _known(head: KnownHead) -> Head:
    try:
        digest = bytes.fromhex(head.hash)
    except ValueError:
        digest = b""
    if head.sequence < 1 or len(digest) != len(chain.GENESIS):
        raise InvalidInput(
            f"{head.sequence}:{head.hash} is no head: give an entry's number, from 1 on, and its"
            " hash, 64 hexadecimal digits"
        )
    return Head(head.sequence, digest)


def _is_ours(head: SignedHead, path: Path | None) -> bool | None:
    """Whether the installation's key signed it; None: there is none, or it cannot be read."""
    if path is None:
        return None
    try:
        return load_key(path).name == head.key
    except EnforcerError:
        return None


def _warning(newest: SignedHead | None, path: Path | None, own: bool | None) -> str:
    if path is None:
        return ""
    if newest is None:
        return (
            "nothing is signed, though a key is set: run `enforcer audit sign`; if it was signed"
            " before, the signatures were removed: see a backup"
        )
    if own is False:
        return (
            "the newest signature is by another key than this installation's: if the key was"
            " changed, run `enforcer audit sign`; if not, somebody else signed it"
        )
    return "" if own else "the installation's key cannot be read: see `enforcer doctor`"


def entries(world: World, which: AuditFilter) -> list[EventView]:
    """See `Application.audit_list`."""
    with world.database.read() as reader:
        limit = _limit(which)
        found = reader.audit.page(wanted(which), limit=limit, newest_first=which.newest_first)
    if found and which.after is not None:
        # Who follows comes again with the last number: it must not be given to something else.
        world.database.harden()
    return [event_view(entry) for entry in found]


def show(world: World, sequence: int) -> AuditEntryView:
    """See `Application.audit_show`. Raises NotFound."""
    with world.database.read() as reader:
        link = reader.audit.link(sequence)
        if link is None:
            head = reader.audit.head()[0]
            raise NotFound(f"there is no audit entry {sequence}: they go from 1 to {head}")
        return entry_view(reader, link)


def entry_view(reader: Reader, link: Link) -> AuditEntryView:
    """One entry with the commands that it stands for, and what became of it."""
    entry = chain.entry(link.seq, link.body, link.hash)
    outcome = reader.audit.outcome(entry.seq) if entry.kind == INTENT else None
    return AuditEntryView(
        entry=event_view(entry),
        hash=link.hash.hex(),
        previous=link.prev.hex(),
        native=native(reader, entry)[:NATIVE_SHOWN],
        transcript=_kept(reader, outcome or entry, OUTCOME, "transcript"),
        outcome=None if outcome is None else event_view(outcome),
    )


def native(reader: Reader, entry: AuditEntry) -> list[str]:
    """The native commands that an intent keeps; none for other entries, or once erased.

    Raises AuditBroken for commands that were changed.
    """
    return _kept(reader, entry, INTENT, "native")


def _kept(reader: Reader, entry: AuditEntry, kind: str, key: str) -> list[str]:
    digest = entry.payload.get(key)
    if entry.kind != kind or not isinstance(digest, str):
        return []
    try:
        return reader.audit.blob(digest).decode(errors="replace").splitlines()
    except NotFound:
        return []


def export(world: World, which: AuditFilter) -> Iterator[str]:
    """See `Application.audit_export`: one JSON object a line, then the signed heads.

    ``body`` is the text whose UTF-8 bytes were hashed: hash = SHA-256(prev | body).
    """
    with world.database.read() as reader:
        for link in reader.audit.links(wanted(which), limit=_limit(which)):
            yield exported(link)
        keys = public_keys(reader, world.signing_key)
        for head in reversed(reader.signatures.all()):
            yield _exported_head(head, keys)


def exported(link: Link) -> str:
    """One entry as a line that a third party can verify."""
    body = link.body.decode()
    line = {"sequence": link.seq, "prev": link.prev.hex(), "hash": link.hash.hex(), "body": body}
    return json.dumps(line, ensure_ascii=False)


def _exported_head(head: SignedHead, keys: Mapping[str, bytes]) -> str:
    public = keys.get(head.key)
    said = {
        "sequence": head.seq,
        "hash": head.hash.hex(),
        "at": format_when(head.at),
        "key": head.key,
        "public_key": None if public is None else public.hex(),
        "signature": head.signature.hex(),
    }
    return json.dumps({"signed": said})


def sign(world: World, actor: Actor) -> SignatureView:
    """See `Application.audit_sign`. Raises ConfigurationInvalid without a usable key."""
    key = need_key(world.signing_key)
    return _view(sign_head(world.database, key, actor, world.clock), {key.name: key.public})


def signatures(world: World) -> list[SignatureView]:
    """See `Application.audit_signatures`."""
    with world.database.read() as reader:
        keys = public_keys(reader, world.signing_key)
        return [_view(head, keys) for head in reader.signatures.all()]


def public_keys(reader: Reader, path: Path | None = None) -> dict[str, bytes]:
    """The public keys that are at hand, by name: those in the chain, and the installation's."""
    keys: dict[str, bytes] = {}
    for head in reader.signatures.all():
        # The entry that tells of a signature follows the entry that was signed.
        if head.key not in keys:
            told = reader.audit.page(Which(after=head.seq, kinds=("audit.signed",)), limit=1)
            keys |= dict(_public(entry) for entry in told)
    if path is not None:
        try:
            key = load_key(path)
        except EnforcerError:
            return keys
        keys[key.name] = key.public
    return keys


def _public(entry: AuditEntry) -> tuple[str, bytes]:
    """A key's name, from the key itself: what an entry calls it proves nothing."""
    try:
        public = bytes.fromhex(str(entry.payload.get("public_key")))
    except ValueError:
        public = b""
    return key_name(public), public


def _view(head: SignedHead, keys: Mapping[str, bytes]) -> SignatureView:
    return SignatureView(
        sequence=head.seq,
        at=head.at,
        hash=head.hash.hex(),
        key=head.key,
        ok=_holds(head, keys),
    )


def _holds(head: SignedHead, keys: Mapping[str, bytes]) -> bool | None:
    public = keys.get(head.key)
    if public is None:
        return None
    message = head_bytes(head.seq, head.hash, head.at, head.key)
    return holds(public, head.signature, message)


def _forged(reader: Reader, path: Path | None) -> SignedHead | None:
    """The first head whose signature is not by the key that it names."""
    keys = public_keys(reader, path)
    heads = reversed(reader.signatures.all())
    return next((head for head in heads if not _holds(head, keys)), None)


def wanted(which: AuditFilter) -> Which:
    """A filter in the terms of the storage. Raises InvalidInput for a time without a zone."""
    for instant in (which.since, which.until):
        if instant is not None and instant.utcoffset() is None:
            raise InvalidInput(f"{instant.isoformat()} has no time zone: write Z for UTC")
    return Which(
        after=which.after or 0,
        before=which.before,
        subject=which.subject,
        device=which.device,
        kinds=which.kinds or None,
        actor=which.actor,
        since=which.since,
        until=which.until,
    )


def _limit(which: AuditFilter) -> int | None:
    if which.limit is not None and which.limit < 1:
        raise InvalidInput(f"a limit of {which.limit} shows nothing: give at least 1")
    return which.limit
