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

from enforcer.application import views
from enforcer.cli.exit_codes import MEANINGS
from enforcer.cli.main import build
from enforcer.cli.options import GLOBAL
from enforcer.cli.reference_text import AFTER_COMMANDS, INTRODUCTION

VIEWS = sorted(
    (v for v in vars(views).values() if inspect.isclass(v) and issubclass(v, views.View)),
    key=lambda view: view.__name__,
)


def reference() -> str:
    """The whole page, Markdown."""
    top = get_command(build())
    assert isinstance(top, TyperGroup)
    context = typer.Context(top, info_name="enforcer")
    parts = [
        INTRODUCTION,
        "## Exit codes\n",
        _table(("Code", "Meaning"), ((str(int(c)), m) for c, m in MEANINGS.items())),
        "\n## Global options\n\nAccepted before and after the command's name.\n",
        *_options(top, GLOBAL),
        "\n## Commands\n",
        *_commands(top, context),
        AFTER_COMMANDS,
        *(_shape(view) for view in VIEWS if view is not views.View),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _commands(group: TyperGroup, context: typer.Context) -> Iterator[str]:
    for name, command in group.commands.items():
        inner = typer.Context(command, parent=context, info_name=name)
        if isinstance(command, TyperGroup):
            yield from _commands(command, inner)
        elif isinstance(command, TyperCommand):
            yield from _command(command, inner)


def _command(command: TyperCommand, context: typer.Context) -> Iterator[str]:
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield f"### {context.command_path}\n"
    yield f"```text\n{usage}\n```\n"
    prose, _, example = inspect.cleandoc(command.help or "").partition("Example:")
    yield prose.strip() + "\n"
    if example:
        yield f"```sh\n{inspect.cleandoc(example)}\n```\n"
    arguments = [p for p in command.params if isinstance(p, TyperArgument)]
    for argument in arguments:
        yield f"- `{argument.display_name_raw}`: {argument.help}"
    if arguments:
        yield ""
    panels = {p.rich_help_panel for p in command.params if isinstance(p, TyperOption)}
    for panel in sorted(panels - {GLOBAL}, key=lambda panel: (panel is not None, panel)):
        if panel:
            yield f"{panel}:\n"
        yield from _options(command, panel)
        yield ""


def _options(command: TyperCommand | TyperGroup, panel: str | None) -> Iterator[str]:
    for option in command.params:
        if isinstance(option, TyperOption) and option.rich_help_panel == panel:
            yield f"- `{_signature(option)}`: {option.help}{_remark(option)}"


def _signature(option: TyperOption) -> str:
    choices = option.type_descriptor.choices
    value = "|".join(map(_word, choices)) if choices else option.metavar
    value = value if value is not None or option.is_flag else "VALUE"
    return f"{', '.join(option.opts)} {value or ''}".rstrip()


def _remark(option: TyperOption) -> str:
    if option.required:
        return " **Required.**"
    default = option.default
    if not option.show_default or default in (None, "", False, []):
        return ""
    words = default if isinstance(default, list) else [default]
    return f" Default: `{', '.join(map(_word, words))}`."


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
