# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer audit verify | list | show | export | sign | signatures | key``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli.exit_codes import ExitCode
from enforcer.cli.filters import Entries
from enforcer.cli.options import ToOption, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.cli.words import counted
from enforcer.errors import InvalidInput

if TYPE_CHECKING:
    from enforcer.application.commands import KnownHead

_HASH = re.compile("[0-9a-fA-F]{64}")

audit = typer.Typer(
    help="The audit trail: read it, prove it, sign it, hand it out.", no_args_is_help=True
)


@command(audit, "verify")
def verify(
    session: Session,
    heads: Annotated[
        list[str] | None,
        typer.Option(
            "--head", metavar="N:HASH", help="An entry's hash kept elsewhere; repeatable."
        ),
    ] = None,
) -> int:
    """Walk the whole audit chain; exit code 1 if something was tampered with.

    Finds entries that were changed, removed, moved, inserted or cut off the
    end, and orders, lists and inventories that are not as they tell; names
    the first bad entry. Changes nothing.

    Who can write the database can cut off the end with all signatures of it.
    A head that was kept elsewhere (from 'enforcer audit signatures' or an
    export) shows that.

    Example:
      enforcer audit verify
    """
    kept = [_head(text) for text in heads or ()]
    with session.busy("walking the audit chain"):
        found = session.application.audit_verify(session.actor, kept)
    session.out.one(found)
    return ExitCode.OK if found.ok else ExitCode.ERROR


@command(audit, "list")
def list_entries(
    session: Session,
    which: Entries,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=100_000, help="At most so many.")
    ] = 100,
    oldest_first: Annotated[bool, flag("--oldest-first", help="Else the newest first.")] = False,
) -> int:
    """List audit entries: who did what, when, to what.

    Example:
      enforcer audit list --kind order.refused --since 7d
    """
    from enforcer.application.views import EventView

    wanted = which.filtered(session.now, limit, not oldest_first)
    found = session.application.audit_list(session.actor, wanted)
    session.out.many(found, EventView)
    if len(found) == limit:
        session.out.note(f"there may be more: --limit {limit * 10} shows them")
    return 0


@command(audit, "show")
def show(
    session: Session,
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="The entry's number.")],
) -> int:
    """Show one audit entry with its hashes, its native commands and its outcome.

    Example:
      enforcer audit show 4711
    """
    session.out.one(session.application.audit_show(session.actor, number))
    return 0


@command(audit, "export")
def export(session: Session, which: Entries, to: ToOption = None) -> int:
    """Write audit entries as JSON lines, oldest first, for others to verify.

    Without options that leave entries out, the lines are the whole chain:
    each has the hash of the one before.

    Example:
      enforcer audit export --since 30d --to audit.jsonl
    """
    from enforcer.cli.texts import write_lines

    wanted = which.filtered(session.now)
    count = write_lines(session.application.audit_export(session.actor, wanted), to)
    if to is not None:
        session.out.note(f"written: {to} ({counted(count, 'entry', 'entries')})")
    return 0


@command(audit, "sign")
def sign(session: Session) -> int:
    """Sign the head of the chain now, with the key that the settings name.

    The controller does it by itself every day; do it by hand before the
    chain is handed out. 'enforcer audit key' makes a key.

    Example:
      enforcer audit sign
    """
    session.out.one(session.application.audit_sign(session.actor))
    return 0


@command(audit, "signatures")
def signatures(session: Session) -> int:
    """Show all signed heads, newest first; exit code 1 if one does not hold.

    Example:
      enforcer audit signatures
    """
    from enforcer.application.record_views import SignatureView

    found = session.application.audit_signatures(session.actor)
    session.out.many(found, SignatureView)
    return ExitCode.ERROR if any(one.ok is False for one in found) else ExitCode.OK


@command(audit, "key")
def key(
    session: Session,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
) -> int:
    """Make a key that signs the chain: a new file that its owner alone can read.

    Name it as signing_key in the settings. Keep the public key, which is
    printed, where nobody who can write the database can change it.

    Example:
      enforcer audit key /etc/enforcer/audit.key
    """
    from enforcer.application.record_views import KeyView
    from enforcer.signing import create_key

    made = create_key(path)
    session.out.one(KeyView(file=str(path), key=made.name, public=made.public.hex()))
    session.out.note(f'next: signing_key = "{path}" in the settings')
    return 0


def _head(text: str) -> KnownHead:
    from enforcer.application.commands import KnownHead

    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdecimal() and _HASH.fullmatch(digest)):
        raise InvalidInput(
            f"--head {text!r} is no head: write the entry's number, a colon and its hash, 64"
            " hexadecimal digits"
        )
    return KnownHead(sequence=int(number), hash=digest.lower())
