# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the manual page `docs/man/enforcer.1` from the commands themselves.

``python -m enforcer.cli.manual docs/man/enforcer.1`` renews it; a test says when that is due.
The macros are those of man(7).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperOption

from enforcer.cli.exit_codes import MEANINGS
from enforcer.cli.main import HELP
from enforcer.cli.options import GLOBAL
from enforcer.cli.reference import (
    arguments,
    commands,
    default_of,
    explained,
    options,
    panels,
    signature,
    usage,
    whole,
)

_FILES = (
    (
        "./enforcer.toml, /etc/enforcer/enforcer.toml",
        "the settings, unless --config or $ENFORCER_CONFIG names another file",
    ),
    ("inventory/", "the inventory's files, unless the settings name another place"),
)
_ENVIRONMENT = (
    ("ENFORCER_CONFIG", "the settings file"),
    ("ENFORCER_*", "overrides one setting, such as ENFORCER_DATABASE"),
    ("NO_COLOR", "no colour, when it is set to anything"),
)


def manual() -> str:
    """The whole page, roff."""
    top, context = whole()
    prose, _, example = HELP.partition("Example:")
    parts = [
        '.TH ENFORCER 1 "" "network-enforcer" "User commands"',
        ".SH NAME",
        "enforcer \\- network enforcement controller",
        ".SH SYNOPSIS",
        ".B enforcer",
        "[GLOBAL OPTIONS] COMMAND [ARGUMENTS] [OPTIONS]",
        ".SH DESCRIPTION",
        *_prose(prose),
        *_verbatim(example),
        ".SH GLOBAL OPTIONS",
        "Accepted before and after the command's name.",
        *_options(options(top, GLOBAL)),
        ".SH COMMANDS",
        *(line for found in commands(top, context) for line in _command(*found)),
        ".SH EXIT STATUS",
        *_items((str(int(code)), meaning) for code, meaning in MEANINGS.items()),
        ".SH FILES",
        *_items(_FILES),
        ".SH ENVIRONMENT",
        *_items(_ENVIRONMENT),
    ]
    return "\n".join(parts) + "\n"


def _command(command: TyperCommand, context: typer.Context) -> Iterator[str]:
    yield f".SS {_escaped(usage(command, context))}"
    prose, example = explained(command)
    yield from _prose(prose)
    yield from _items((a.display_name_raw, a.help or "") for a in arguments(command))
    for panel in panels(command):
        if panel:
            yield ".PP"
            yield f"{_escaped(panel)}:"
        yield from _options(options(command, panel))
    yield ".PP"
    yield "Example:"
    yield from _verbatim(example)


def _options(found: list[TyperOption]) -> Iterator[str]:
    for option in found:
        default = default_of(option)
        remark = " Required." if option.required else f" Default: {default}." if default else ""
        yield from _items([(signature(option), f"{option.help}{remark}")])


def _items(
    found: Iterator[tuple[str, str]] | list[tuple[str, str]] | tuple[tuple[str, str], ...],
) -> Iterator[str]:
    for term, meaning in found:
        yield ".TP"
        yield f"\\fB{_escaped(term)}\\fR"
        yield _escaped(meaning)


def _prose(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield ".PP"
        yield from map(_escaped, paragraph.splitlines())


def _verbatim(text: str) -> Iterator[str]:
    yield ".PP"
    yield ".nf"
    yield from (f"    {_escaped(line.strip())}" for line in text.strip().splitlines())
    yield ".fi"


def _escaped(text: str) -> str:
    """`text` as roff shows it: backslashes and dashes as they are, no line a request."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("\n", " ")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(manual(), encoding="utf-8")
