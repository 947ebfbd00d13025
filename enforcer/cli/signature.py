# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands as plain typed functions: options that belong together come as one dataclass.

::

    @command(orders, "lift")
    def lift(session: Session, order: OrderId, wait: WaitOption = None) -> int: ...

A parameter of type `Session` is this invocation; one whose type is an `OptionGroup` stands
for one option per field. Every command also takes the global options.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from enforcer.cli.completing import Completion
from enforcer.cli.here import refuse_elsewhere
from enforcer.cli.options import GLOBAL, Globals, OptionGroup
from enforcer.cli.session import Session
from enforcer.cli.wiring import Wiring

_Group = TypeVar("_Group", bound=OptionGroup)
Command = Callable[..., int]
"""Returns the exit code."""

_PARAMETERS: dict[type[OptionGroup], tuple[inspect.Parameter, ...]] = {}
_CONTEXT = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def command(group: typer.Typer, name: str) -> Callable[[Command], Command]:
    """Register a function as the command `name` of `group`; its docstring is the help."""

    def register(function: Command) -> Command:
        group.command(name, help=inspect.getdoc(function))(_flattened(function))
        return function

    return register


def _flattened(function: Command) -> Command:
    """`function` with one keyword per option, as Typer wants to see it."""
    stated = inspect.signature(function, eval_str=True).parameters
    groups = {n: p.annotation for n, p in stated.items() if _is_group(p.annotation)}
    own = [p for n, p in stated.items() if n not in groups and p.annotation is not Session]
    grouped = [p for options in groups.values() for p in parameters_of(options)]
    parameters = [_CONTEXT, *(_keyword(p) for p in own), *grouped, *parameters_of(Globals)]

    def flat(**values: Any) -> int:  # noqa: ANN401 - options of any type
        context: typer.Context = values.pop("ctx")
        session: Session = context.obj.refined(_gather(Globals, values))
        arguments = {name: _gather(options, values) for name, options in groups.items()}
        arguments |= {p.name: values[p.name] for p in own}
        refuse_elsewhere(_words(context), session.server)
        return function(session, **arguments)

    return _as_seen_by_typer(flat, function.__name__, parameters)


def _words(context: typer.Context) -> str:
    """The command as it is typed, without the program's name."""
    if context.parent is None:
        return ""
    above = _words(context.parent)  # type: ignore[arg-type]  # the library's two names of one class
    return f"{above} {context.info_name or ''}".strip()


def completion(wiring: Wiring) -> Completion:
    """What completion works with: it runs no command, and so not the top level either."""
    return Completion(
        lambda config: Session(wiring, Globals(config=config)), wiring.completion_patience
    )


def top_level(wiring: Wiring, print_version: Callable[[], None]) -> Command:
    """The callback of the top level: takes the global options and makes the session."""

    def show_version(asked: bool) -> None:
        if asked:
            print_version()
            raise typer.Exit

    version = inspect.Parameter(
        "version",
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[
            bool,
            typer.Option(
                "--version",
                help="Show the version and exit.",
                callback=show_version,
                is_eager=True,
                rich_help_panel=GLOBAL,
            ),
        ],
        default=False,
    )

    def top(**values: Any) -> int:  # noqa: ANN401 - options of any type
        context: typer.Context = values.pop("ctx")
        context.obj = Session(wiring, _gather(Globals, values))
        return 0

    return _as_seen_by_typer(top, "enforcer", [_CONTEXT, *parameters_of(Globals), version])


def _as_seen_by_typer(
    function: Command, name: str, parameters: Sequence[inspect.Parameter]
) -> Command:
    function.__name__ = name
    function.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": int}
    function.__dict__["__signature__"] = inspect.Signature(parameters, return_annotation=int)
    return function


def _is_group(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, OptionGroup)


def parameters_of(options: type[OptionGroup]) -> tuple[inspect.Parameter, ...]:
    """One keyword parameter per option of a group."""
    if options not in _PARAMETERS:
        hints = get_type_hints(options, include_extras=True)
        _PARAMETERS[options] = tuple(
            inspect.Parameter(
                f.name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=hints[f.name],
                default=_default(f),
            )
            for f in fields(options)
        )
    return _PARAMETERS[options]


def _default(field: Field[Any]) -> object:
    if field.default is not MISSING:
        return field.default
    return inspect.Parameter.empty if field.default_factory is MISSING else field.default_factory()


def _gather(options: type[_Group], values: Mapping[str, Any]) -> _Group:
    return options(**{p.name: values[p.name] for p in parameters_of(options)})


def _keyword(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
