# SPDX-License-Identifier: GPL-2.0-or-later
"""An inventory kept in YAML files: the whole folder loads, or none of it."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import ValidationError

from enforcer.clock import Clock, SystemClock
from enforcer.core.topology import Topology
from inventory.assemble import assemble
from inventory.explain import problems_of
from inventory.importing import with_imports
from inventory.located import Document, read_document
from inventory.problems import InventoryInvalid, Problem
from inventory.schema import InventoryFile

SUFFIXES = (".yaml", ".yml")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Loaded:
    """An inventory, and what a person should know about how it was come by."""

    topology: Topology
    notes: tuple[str, ...] = ()


def load(path: Path) -> Topology:
    """As `load_with_notes`; the notes are logged as warnings."""
    loaded = load_with_notes(path)
    for note in loaded.notes:
        log.warning("inventory", note=note)
    return loaded.topology


def load_with_notes(path: Path, clock: Clock | None = None) -> Loaded:
    """The topology in one file, or in every ``*.yaml`` and ``*.yml`` directly in a folder.

    Hidden files are left out; imports are read too. `clock` tells how old a cache is. Raises
    InventoryInvalid with all problems of all files: what cannot be read, or states nothing,
    is one, for what it would have protected must not vanish silently.
    """
    documents = [_read(file) for file in _files(path)]
    problems = [problem for document in documents for problem in document.problems]
    try:
        overlaid = with_imports(documents, clock or SystemClock())
    except InventoryInvalid as invalid:
        # Without what an import holds, more would seem to be missing than is.
        raise InventoryInvalid([*problems, *invalid.problems]) from None
    valid: list[tuple[Document, InventoryFile]] = []
    for document in overlaid.documents:
        content = _validate(document)
        if isinstance(content, InventoryFile):
            valid.append((document, content))
        else:
            problems += content
    if problems:
        # A reference may lead into a file that could not be read: no second wave of complaints.
        raise InventoryInvalid(problems)
    return Loaded(assemble(valid), overlaid.notes)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InventoryInvalid([Problem(str(path), 0, "", "there is no such file or folder")])
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        message = f"the folder cannot be read: {error.strerror}"
        raise InventoryInvalid([Problem(str(path), 0, "", message)]) from None
    found = [e for e in entries if e.suffix in SUFFIXES and not e.name.startswith(".")]
    if not found:
        raise InventoryInvalid([Problem(str(path), 0, "", "no *.yaml or *.yml file in it")])
    return found


def _read(file: Path) -> Document:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a named pipe would be waited for
            return _unreadable(file, "not a file: move it away, or put a file in its place")
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start}); save it as UTF-8"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        if file.is_symlink():
            message += "; it is a link: mend it, or delete it"
    else:
        document = read_document(text, str(file))
        if document.content is not None or document.problems:
            return document
        what = "states nothing" if text.strip() else "is empty"
        message = f"{what}: fill it, or delete it"
    return _unreadable(file, message)


def _unreadable(file: Path, message: str) -> Document:
    return Document(str(file), None, {}, (Problem(str(file), 0, "", message),))


def _validate(document: Document) -> InventoryFile | list[Problem]:
    if document.content is None:
        return InventoryFile()
    try:
        return InventoryFile.model_validate(document.content)
    except ValidationError as error:
        return problems_of(error, document)
