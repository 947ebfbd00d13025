# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer list import | show``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.cli.words import counted, plain
from enforcer.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from enforcer.application.views import ListView

lists = typer.Typer(help="Named lists of prefixes, for 'order block-list'.", no_args_is_help=True)

STANDARD_INPUT = Path("-")


@command(lists, "import")
def import_(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="LIST", help="The list's name.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A text file, one prefix a line; - reads stdin.")
    ],
) -> int:
    """Replace a list by the content of a file.

    Orders that name the list follow it at once. Lines that are no address
    or prefix are rejected and shown.

    Example:
      curl -s https://lists.example/botnets.txt | enforcer list import botnets -
    """
    session.out.one(import_file(session, name, file))
    return 0


@command(lists, "show")
def show(
    session: Session,
    name: Annotated[
        str | None, typer.Argument(metavar="LIST", help="Only this list; else all.")
    ] = None,
) -> int:
    """Show the current version of every list, or of one.

    Example:
      enforcer list show --output csv
    """
    from enforcer.application.views import ListView

    found = session.application.lists(session.actor)
    if name is not None:
        found = [one for one in found if one.name == name]
        if not found:
            raise NotFound(f"there is no list '{name}': 'enforcer list show' shows all")
    session.out.many(found, ListView)
    return 0


def import_file(session: Session, name: str, file: Path) -> ListView:
    """Store a new version of a list from a file. Raises InvalidInput."""
    from enforcer.application.commands import ImportList

    text = _read(file)
    source = "standard input" if file == STANDARD_INPUT else str(file)
    with session.busy(f"importing {name}: {counted(text.count(chr(10)), 'line')}"):
        return session.application.import_list(
            session.actor, ImportList(name=name, text=text, source=source)
        )


def summary(view: ListView) -> str:
    """One line about an import."""
    done = f"list {view.name} version {view.version}: {counted(view.entries, 'entry', 'entries')}"
    return plain(done + (f", {counted(view.rejected, 'line')} rejected" if view.rejected else ""))


def _read(file: Path) -> str:
    try:
        content = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{file}: is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from None
