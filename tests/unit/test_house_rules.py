# SPDX-License-Identifier: GPL-2.0-or-later
"""The house's rules about shape and names, on every Python file of this tree.

Ruff, mypy and import-linter hold what they can; this holds the rest. Each rule is a pure function
from source to complaints, and each is shown to complain about a file that breaks it.
"""

import ast
import importlib.util
import re
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("enforcer", "drivers", "inventory")
SOURCES = {
    str(path.relative_to(ROOT)): path.read_text()
    for top in (*PRODUCT, "lab", "migrations", "tests")
    for path in sorted((ROOT / top).rglob("*.py"))
    if "_stubs" not in path.parts  # generated from somebody else's description
}
LIMITS = {
    "module_lines": 400,
    "module_lines_median": 150,
    "function_lines": 50,
    "function_lines_median": 10,
}
BANNED_WORDS = {"data", "handler", "helper", "manager", "process", "util", "utils"}
LICENCE = "# SPDX-License-Identifier: GPL-2.0-or-later"
SILENCED = re.compile(
    r"#\s*(?:type:\s*ignore|noqa)"
    r"(?P<code>\[[\w, -]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?"
    r"(?P<reason>.*)"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def ratchet() -> dict[str, dict[str, int]]:
    return tomllib.loads((ROOT / "tests" / "ratchet.toml").read_text())


def words(name: str) -> set[str]:
    """Split snake_case and CamelCase; a plural counts as its singular."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    return {word for part in parts for word in (part.lower(), part.lower().removesuffix("s"))}


def banned_names(path: str, source: str) -> list[str]:
    """Names of the module and its classes that say nothing about what the thing is."""
    classes = [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    names = [part.removesuffix(".py") for part in Path(path).parts] + classes
    return [f"{path}: {name}" for name in names if words(name) & BANNED_WORDS]


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Every function with its qualified name, nested ones too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            yield prefix + node.name, node
        inner = f"{prefix}{node.name}." if isinstance(node, Function | ast.ClassDef) else prefix
        yield from functions(node, inner)


def function_lines(node: Function) -> int:
    """Lines from `def` to the end, the docstring left out: documentation is not size."""
    first, end = node.body[0], node.end_lineno or node.lineno
    lines = end - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def all_functions(sources: dict[str, str]) -> dict[str, int]:
    return {
        f"{path}::{name}": function_lines(node)
        for path, source in sources.items()
        for name, node in functions(ast.parse(source))
    }


def all_modules(sources: dict[str, str]) -> dict[str, int]:
    return {path: len(source.splitlines()) for path, source in sources.items()}


def oversize(sizes: dict[str, int], limit: int, exempt: dict[str, int]) -> list[str]:
    """What is over the limit without an exemption, or differs from its exemption."""
    grown = [
        f"{name}: {lines} lines; split it by meaning, the limit is {limit}"
        for name, lines in sizes.items()
        if lines > limit and name not in exempt
    ]
    stale = [
        f"{name}: exempted at {recorded} lines, has {sizes.get(name, 0)}; the ratchet only falls"
        for name, recorded in exempt.items()
        if sizes.get(name, 0) != recorded or recorded <= limit
    ]
    return grown + stale


def silenced_without_reason(path: str, source: str) -> list[str]:
    """Suppressed findings that do not name their code or do not say why."""
    complaints = []
    for number, line in enumerate(source.splitlines(), 1):
        found = SILENCED.search(line)
        if found and not (found["code"] and re.search(r"\w{3}", found["reason"])):
            complaints.append(f"{path}:{number}: give the code and the reason")
    return complaints


def without_licence(path: str, source: str) -> list[str]:
    """Files that do not open with the licence line; an executable one has its #! first."""
    opening = [line for line in source.splitlines()[:2] if not line.startswith("#!")]
    return [] if opening[:1] == [LICENCE] else [f"{path}: the first line is not {LICENCE!r}"]


def relative_imports(path: str, source: str) -> list[str]:
    return [
        f"{path}:{node.lineno}: absolute imports only"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]


PER_FILE = [banned_names, relative_imports, silenced_without_reason, without_licence]
BREAKS = {
    banned_names: "class OrderManager: ...\n",
    relative_imports: "from . import orders\n",
    silenced_without_reason: "import os  # {}: F401\n".format("noqa"),
    without_licence: "import os\n",
}


@pytest.mark.parametrize("rule", PER_FILE)
def test_every_file_keeps(rule: object) -> None:
    assert callable(rule)
    assert [complaint for path, source in SOURCES.items() for complaint in rule(path, source)] == []


@pytest.mark.parametrize("rule", PER_FILE)
def test_the_rule_can_be_broken(rule: object) -> None:
    assert callable(rule)
    assert len(rule("enforcer/broken.py", BREAKS[rule])) == 1


@pytest.mark.parametrize(
    "name, banned",
    [
        ("device_data", True),
        ("string_helpers", True),
        ("HTTPHandler", True),
        ("ProcessIdentity", True),
        ("metadata", False),
        ("dataclass_fields", False),
        ("Dispatcher", False),
    ],
)
def test_words_of_a_name(name: str, banned: bool) -> None:
    assert bool(words(name) & BANNED_WORDS) is banned


def test_modules_keep_their_size() -> None:
    limits = ratchet()
    sizes = all_modules(SOURCES)
    assert oversize(sizes, limits["limits"]["module_lines"], limits["modules"]) == []


def test_functions_keep_their_size() -> None:
    limits = ratchet()
    sizes = all_functions(SOURCES)
    assert oversize(sizes, limits["limits"]["function_lines"], limits["functions"]) == []


def test_the_median_stays_small() -> None:
    limits = ratchet()["limits"]
    product = {path: text for path, text in SOURCES.items() if path.startswith(PRODUCT)}
    modules, sizes = all_modules(product), all_functions(product)
    assert statistics.median(modules.values()) <= limits["module_lines_median"]
    assert statistics.median(sizes.values()) <= limits["function_lines_median"]


def test_the_ratchet_only_falls() -> None:
    limits = ratchet()["limits"]
    assert limits.keys() == LIMITS.keys()
    assert [name for name, limit in limits.items() if limit > LIMITS[name]] == []


@pytest.mark.parametrize(
    "comment, complaints",
    [
        ("noqa", 1),
        ("noqa: S101", 1),
        ("noqa: S101, S102", 1),
        ("type: ignore", 1),
        ("type: ignore[arg-type]", 1),
        ("type: ignore[arg-type]  # the stubs lack None", 0),
        ("noqa: BLE001 carried over to the caller", 0),
        ("noqa: S101, S102 - a reason", 0),
    ],
)
def test_silence_needs_a_reason(comment: str, complaints: int) -> None:
    assert len(silenced_without_reason("a.py", f"x = 1  # {comment}")) == complaints


def test_sizes_are_counted() -> None:
    body = "\n".join("    x = 1" for _ in range(60))
    source = f'class Place:\n  def order(self):\n    """Says\n    what."""\n{body}\n'
    sizes = all_functions({"enforcer/a.py": source})
    assert sizes == {"enforcer/a.py::Place.order": 61}
    assert len(oversize(sizes, 50, {})) == 1
    assert oversize(sizes, 50, {"enforcer/a.py::Place.order": 61}) == []
    assert len(oversize(sizes, 50, {"enforcer/a.py::Place.order": 70})) == 1
    assert len(oversize({}, 50, {"enforcer/gone.py": 70})) == 1


@pytest.mark.parametrize("name", PRODUCT)
def test_top_level_names_are_ours(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py"), f"a foreign {name!r} shadows ours"


def requirements() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    built_with = project["build-system"]["requires"]
    every = [*project["project"]["dependencies"], *built_with, *(one for e in extras for one in e)]
    return [Requirement(text) for text in every]


def test_the_lock_holds_every_requirement() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^([\w.-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    locked = {canonicalize_name(name): Version(version) for name, version in pins}
    assert len(locked) == len(re.findall(r"^\w", lock, re.MULTILINE)), "a line without hashes"
    unmet = [
        str(need)
        for need in requirements()
        if locked.get(canonicalize_name(need.name), Version("0")) not in need.specifier
    ]
    assert unmet == [], "run `make lock`"


def test_the_lock_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert re.findall(r"://|index-url|find-links", lock) == []
