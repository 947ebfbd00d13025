# SPDX-License-Identifier: GPL-2.0-or-later
"""What a form said, field by field, with what is wrong with each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from starlette.datastructures import ImmutableMultiDict

from enforcer.errors import InvalidInput
from enforcer.web.suggestions import suggestions

_SEVERAL = re.compile(r"[,;\s]+")
_Read = TypeVar("_Read")


@dataclass
class Fields:
    """`values` as they were sent; `problems` and `suggested` by the name of the field."""

    values: dict[str, list[str]]
    problems: dict[str, str] = field(default_factory=dict)
    suggested: dict[str, list[str]] = field(default_factory=dict)

    def get(self, name: str, otherwise: str = "") -> str:
        """What the field says, without the spaces around it."""
        stated = self.values.get(name) or [otherwise]
        return stated[-1].strip()

    def all(self, name: str) -> list[str]:
        """All values of a field that may be sent more than once."""
        return [value.strip() for value in self.values.get(name, []) if value.strip()]

    def several(self, name: str) -> list[str]:
        """The parts of a field that takes many: by commas, spaces or lines."""
        return [part for part in _SEVERAL.split(self.get(name)) if part]

    def any_of(self, names: Iterable[str]) -> bool:
        """Whether any of these fields says something, or is wrong."""
        return any(self.get(name) or name in self.problems for name in names)

    def on(self, name: str) -> bool:
        """Whether a box is checked."""
        return bool(self.get(name))

    def set(self, name: str, value: str) -> None:
        """Say something else."""
        self.values[name] = [value]

    def read(self, name: str, parse: Callable[[str], _Read], needed: str = "") -> _Read | None:
        """The field as `parse` reads it; None where it is empty or wrong.

        An empty one is wrong where `needed` says what it is for.
        """
        text = self.get(name)
        if not text:
            if needed:
                self.problems.setdefault(name, needed)
            return None
        return self.parsed(name, text, parse)

    def read_several(
        self, name: str, parse: Callable[[str], _Read], needed: str = ""
    ) -> tuple[_Read, ...]:
        """Each part of a field as `parse` reads it."""
        parts = self.several(name)
        if not parts and needed:
            self.problems.setdefault(name, needed)
        found = [self.parsed(name, part, parse) for part in parts]
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def parsed(self, name: str, text: str, parse: Callable[[str], _Read]) -> _Read | None:
        """`text` as `parse` reads it; where it cannot, that is the field's problem."""
        try:
            return parse(text)
        except InvalidInput as error:
            self.problems.setdefault(name, str(error))
            whole = self.get(name)
            self.suggested.setdefault(name, [whole.replace(text, s) for s in suggestions(text)])
            return None

    def take_suggestion(self) -> bool:
        """Whether a button sent the form that puts another value into a field: ``field=value``."""
        name, equals, value = self.get("use").partition("=")
        if not equals or name not in self.values:
            return False
        self.set(name, value)
        self.values.pop("use", None)
        return True

    def carried(self, *leave: str) -> Iterator[tuple[str, str]]:
        """Every name and value but those in `leave`: what the next form sends along."""
        for name, values in self.values.items():
            if name not in leave:
                yield from ((name, value) for value in values if value)


def fields_of(form: ImmutableMultiDict[str, object]) -> Fields:
    """The text fields of a form or a query; files are left out."""
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value.replace("\x00", ""))
    return Fields(found)


async def sent_fields(request: Request) -> Fields:
    """The fields of the form that was sent."""
    return fields_of(await request.form())


Sent = Annotated[Fields, Depends(sent_fields)]
