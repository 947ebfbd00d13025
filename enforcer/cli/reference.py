# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes `docs/cli.md` from the commands and views themselves.

``python -m enforcer.cli.reference docs/cli.md`` renews it; a test says when that is due.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from enforcer.application import (
    account_views,
    approval_views,
    desk_views,
    notice_views,
    record_views,
    report_views,
    route_views,
    views,
)
from enforcer.cli.exit_codes import MEANINGS
from enforcer.cli.main import build
from enforcer.cli.options import GLOBAL
from enforcer.cli.reference_text import AFTER_COMMANDS, INTRODUCTION

_NOT_PRINTED = {account_views.NewSession}
VIEWS = sorted(
    {
        view
        for module in (
            account_views,
            approval_views,
            views,
            desk_views,
            notice_views,
            record_views,
            report_views,
            route_views,
        )
        for view in vars(module).values()
        if inspect.isclass(view) and issubclass(view, views.View) and view not in _NOT_PRINTED
    },
    key=lambda view: view.__name__,
)


def reference() -> str:
    """The whole page, Markdown."""
    top, context = whole()
    parts = [
        INTRODUCTION,
        "## Exit codes\n",
        _table(("Code", "Meaning"), ((str(int(c)), m) for c, m in MEANINGS.items())),
        "\n## Global options\n\nAccepted before and after the command's name.\n",
        *_options(top, GLOBAL),
        "\n## Commands\n",
        *(line for found in commands(top, context) for line in _command(*found)),
        AFTER_COMMANDS,
        *(_shape(view) for view in VIEWS if view is not views.View),
    ]
    return "\n".join(parts).rstrip() + "\n"


def whole() -> tuple[TyperGroup, typer.Context]:
    """The top of the command line, and its context."""
    top = get_command(build())
    assert isinstance(top, TyperGroup)
    return top, typer.Context(top, info_name="enforcer")


def _command(command: TyperCommand, context: typer.Context) -> Iterator[str]:
    yield f"### {context.command_path}\n"
    yield f"```text\n{usage(command, context)}\n```\n"
    prose, example = explained(command)
    yield prose + "\n"
    if example:
        yield f"```sh\n{example}\n```\n"
    told = [f"- `{a.display_name_raw}`: {a.help}" for a in arguments(command)]
    if told:
        yield from (*told, "")
    for panel in panels(command):
        if panel:
            yield f"{panel}:\n"
        yield from _options(command, panel)
        yield ""


def _options(command: TyperCommand | TyperGroup, panel: str | None) -> Iterator[str]:
    for option in options(command, panel):
        remark = f" {_remark(option)}" if _remark(option) else ""
        yield f"- `{signature(option)}`: {option.help}{remark}"


def _remark(option: TyperOption) -> str:
    if option.required:
        return "**Required.**"
    default = default_of(option)
    return f"Default: `{default}`." if default else ""


def commands(
    group: TyperGroup, context: typer.Context
) -> Iterator[tuple[TyperCommand, typer.Context]]:
    """Every command under `group`, each with the context that knows its full name."""
    for name, command in group.commands.items():
        inner = typer.Context(command, parent=context, info_name=name)
        if isinstance(command, TyperGroup):
            yield from commands(command, inner)
        elif isinstance(command, TyperCommand):
            yield command, inner


def usage(command: TyperCommand, context: typer.Context) -> str:
    """The command's words, and what goes with them."""
    return " ".join((context.command_path, *command.collect_usage_pieces(context)))


def explained(command: TyperCommand) -> tuple[str, str]:
    """What the command's help says, and its example."""
    prose, _, example = inspect.cleandoc(command.help or "").partition("Example:")
    return prose.strip(), inspect.cleandoc(example)


def arguments(command: TyperCommand) -> list[TyperArgument]:
    """Its arguments, in order."""
    return [p for p in command.params if isinstance(p, TyperArgument)]


def panels(command: TyperCommand) -> list[str | None]:
    """The headings of its own options; None stands for those without one, and comes first."""
    found = {p.rich_help_panel for p in command.params if isinstance(p, TyperOption)}
    return sorted(found - {GLOBAL}, key=lambda panel: (panel is not None, panel))


def options(command: TyperCommand | TyperGroup, panel: str | None) -> list[TyperOption]:
    """Its options under one heading."""
    return [p for p in command.params if isinstance(p, TyperOption) and p.rich_help_panel == panel]


def signature(option: TyperOption) -> str:
    """The option's names and its value."""
    choices = option.type_descriptor.choices
    value = "|".join(map(_word, choices)) if choices else option.metavar
    value = value if value is not None or option.is_flag else "VALUE"
    return f"{', '.join(option.opts)} {value or ''}".rstrip()


def default_of(option: TyperOption) -> str:
    """What holds when it is not given; "" where that is nothing worth saying."""
    default = option.default
    if not option.show_default or default in (None, "", False, []):
        return ""
    words = default if isinstance(default, list) else [default]
    return ", ".join(map(_word, words))


def _word(value: object) -> str:
    return str(value.value) if isinstance(value, Enum) else str(value)


def _shape(view: type[views.View]) -> str:
    rows = ((f"`{n}`", _type(f.annotation)) for n, f in view.model_fields.items())
    return f"### {view.__name__}\n\n{inspect.getdoc(view)}\n\n{_table(('Field', 'Type'), rows)}"


def _type(annotation: Any) -> str:  # noqa: ANN401 - any annotation there is
    arguments = get_args(annotation)
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(_type(a) for a in arguments)
    if get_origin(annotation) is list:
        return f"list of {_type(arguments[0])}"
    if get_origin(annotation) is dict:
        return f"object of {_type(arguments[1])}"
    if inspect.isclass(annotation) and issubclass(annotation, views.View):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return _TYPES.get(annotation, getattr(annotation, "__name__", str(annotation)))


_TYPES: dict[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    type(None): "null",
    Any: "anything",
}


def _table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
