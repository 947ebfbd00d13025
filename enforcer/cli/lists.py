# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer list import | show | versions | rejects | diff | export | refresh``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli import completing
from enforcer.cli.export import ExportFormat, ExportFormatOption, write_export
from enforcer.cli.options import ConfirmShrinkOption, Format, ListArgument, ToOption, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.cli.words import counted, plain
from enforcer.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from enforcer.application.views import ListView

lists = typer.Typer(help="Named lists of prefixes, for 'order block-list'.", no_args_is_help=True)

VersionOption = Annotated[
    int | None,
    typer.Option("--version", metavar="N", min=1, help="Of this version; else the newest."),
]


class ListFormat(StrEnum):
    """What a list's file looks like."""

    AUTO = "auto"
    PLAIN = "plain"
    CSV = "csv"
    JSONL = "jsonl"


@command(lists, "import")
def import_(
    session: Session,
    name: ListArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A text file, one prefix a line; - reads stdin.")
    ],
    form: Annotated[
        ListFormat,
        typer.Option(
            "--format", "-f", help="plain: one a line, with comments; csv; jsonl; auto looks."
        ),
    ] = ListFormat.AUTO,
    column: Annotated[
        str,
        typer.Option(
            "--column", metavar="NAME", help="CSV column or JSON member that holds the address."
        ),
    ] = "",
    confirm_shrink: ConfirmShrinkOption = False,
    dry_run: Annotated[
        bool, flag("--dry-run", "-n", help="Store nothing, and say what would change.")
    ] = False,
) -> int:
    """Replace a list by the content of a file, as its next version.

    Orders that name the list follow it at once, as a whole. Lines that are
    no prefix, are protected, or are our own or a customer's space are
    rejected; 'enforcer list rejects' shows all of them with the reason. An
    empty list, or one that loses over 20 % of what it had, needs
    --confirm-shrink.

    Example:
      curl -s https://lists.example/botnets.txt | enforcer list import botnets -
    """
    session.out.one(
        import_file(session, name, file, form, column, confirm_shrink, dry_run),
        "dry run" if dry_run else "",
    )
    return 0


@command(lists, "show")
def show(
    session: Session,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="LIST", help="Only this list; else all.", autocompletion=completing.lists
        ),
    ] = None,
) -> int:
    """Show the current version of every list, or of one: entries, age, feed.

    Example:
      enforcer list show --output csv
    """
    from enforcer.application.views import ListView

    found = session.application.lists(session.actor)
    if name is None:
        session.out.many(found, ListView)
        return 0
    found = [one for one in found if one.name == name]
    if not found:
        raise NotFound(f"there is no list '{name}': 'enforcer list show' shows all")
    session.out.many(found, ListView, "one by one")
    if session.out.format is Format.TABLE:
        versions = session.application.list_versions(session.actor, name)
        session.out.many(versions, ListView, "versions")
    return 0


@command(lists, "versions")
def versions(session: Session, name: ListArgument) -> int:
    """Show every version of a list that is kept, newest first.

    Example:
      enforcer list versions botnets
    """
    from enforcer.application.views import ListView

    found = session.application.list_versions(session.actor, name)
    session.out.many(found, ListView, "versions")
    return 0


@command(lists, "rejects")
def rejects(session: Session, name: ListArgument, version: VersionOption = None) -> int:
    """Show the lines that an import rejected, each with its number and why.

    Example:
      enforcer list rejects botnets --version 7
    """
    found = session.application.list_report(session.actor, name, version)
    session.out.lines(found, "rejected")
    if not found:
        session.out.note(f"nothing was rejected of {plain(name)}")
    return 0


@command(lists, "diff")
def diff(
    session: Session,
    name: ListArgument,
    old: Annotated[
        int | None, typer.Argument(metavar="OLD", help="A version; else the one before NEW.", min=1)
    ] = None,
    new: Annotated[
        int | None, typer.Argument(metavar="NEW", help="A version; else the newest.", min=1)
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most so many of each side.")
    ] = 1000,
) -> int:
    """Show what a version of a list has that another has not, and the reverse.

    Example:
      enforcer list diff botnets 6 7
    """
    if old is None or new is None:
        kept = [one.version for one in session.application.list_versions(session.actor, name)]
        new = kept[0] if new is None else new
        older = [version for version in kept if version < new]
        if old is None and not older:
            raise InvalidInput(f"list {name} has one version: there is nothing to compare it with")
        old = older[0] if old is None else old
    session.out.one(session.application.list_diff(session.actor, name, old, new, limit))
    return 0


@command(lists, "export")
def export(
    session: Session,
    name: ListArgument,
    form: ExportFormatOption = ExportFormat.TEXT,
    version: VersionOption = None,
    to: ToOption = None,
) -> int:
    """Write a list's entries: one a line, or as CSV, JSON, or an nft script.

    Example:
      enforcer list export botnets --format nft --to botnets.nft
    """
    from enforcer.application.commands import ExportEnforced

    wanted = ExportEnforced(list_name=name, version=version, format=form.value)
    return write_export(session, wanted, to)


@command(lists, "refresh")
def refresh(
    session: Session, name: ListArgument, confirm_shrink: ConfirmShrinkOption = False
) -> int:
    """Fetch a list from its feed now, instead of when its interval is over.

    Example:
      enforcer list refresh botnets
    """
    with session.busy(f"fetching {name}"):
        found = session.application.list_refresh(session.actor, name, confirm_shrink)
    session.out.one(found)
    return 0


def import_file(
    session: Session,
    name: str,
    file: Path,
    form: ListFormat = ListFormat.AUTO,
    column: str = "",
    confirm_shrink: bool = False,
    dry_run: bool = False,
) -> ListView:
    """Store a new version of a list from a file. Raises InvalidInput and OrderRefused."""
    from enforcer.application.commands import ImportList
    from enforcer.cli.texts import STANDARD_INPUT, read_text

    text = read_text(file)
    asked = ImportList(
        name=name,
        text=text,
        source="standard input" if file == STANDARD_INPUT else str(file),
        format=form.value,
        column=column,
        confirm_shrink=confirm_shrink,
        dry_run=dry_run,
    )
    with session.busy(f"importing {name}: {counted(text.count(chr(10)), 'line')}"):
        return session.application.import_list(session.actor, asked)


def summary(view: ListView) -> str:
    """One line about an import."""
    done = f"list {view.name} version {view.version}: {counted(view.entries, 'entry', 'entries')}"
    return plain(done + (f", {counted(view.rejected, 'line')} rejected" if view.rejected else ""))
