# SPDX-License-Identifier: GPL-2.0-or-later
"""Secrets are named, not written down: ``env:NAME`` or ``file:PATH``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from enforcer.errors import ConfigurationInvalid

SCHEMES = ("env", "file")


class Secret:
    """A value that neither repr, str nor a traceback shows; `reveal` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)


def is_reference(text: str) -> bool:
    """Whether `text` names a secret rather than being something else."""
    scheme, colon, rest = text.partition(":")
    # "file://" and "env://" are addresses of other things, not references.
    return bool(colon) and scheme in SCHEMES and not rest.startswith("//")


def read(reference: str, base: Path, environ: Mapping[str, str] = os.environ) -> Secret:
    """The secret behind ``env:NAME`` or ``file:PATH`` (relative to `base`).

    A file's last line ending is not part of the secret. Raises ConfigurationInvalid naming
    the reference, never its content.
    """
    scheme, _, rest = reference.partition(":")
    if not is_reference(reference) or not rest:
        raise ConfigurationInvalid(
            f"'{_shown(reference)}' is not a secret reference: write env:NAME or file:PATH"
        )
    value = _from_environment(rest, environ) if scheme == "env" else _from_file(rest, base)
    if not value:
        raise ConfigurationInvalid(f"{reference}: the secret is empty: fill it")
    return Secret(value)


def _from_environment(name: str, environ: Mapping[str, str]) -> str:
    try:
        return environ[name]
    except KeyError:
        raise ConfigurationInvalid(
            f"env:{name}: the environment has no variable {name}: set it where enforcer starts"
        ) from None


def _from_file(name: str, base: Path) -> str:
    path = base / name
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationInvalid(
            f"file:{name}: cannot read {path}: {error.strerror or error}: create it or"
            " correct its permissions"
        ) from None
    except UnicodeDecodeError:
        raise ConfigurationInvalid(f"file:{name}: {path} is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


def _shown(reference: str) -> str:
    """What can be shown of something that may be a secret written in the wrong place."""
    scheme, colon, _ = reference.partition(":")
    return f"{scheme}:…" if colon and scheme.isalpha() else "…"
