# SPDX-License-Identifier: GPL-2.0-or-later
"""The import rules hold, and each of them reports a tree that breaks it."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGES = ("enforcer", "drivers", "inventory")
DRIVER = {f"drivers/alpha/{name}.py": "" for name in ("__init__", "driver", "render", "parse")}

# Contract -> trees that break it: path -> source added to what is there.
BROKEN: list[tuple[str, dict[str, str]]] = [
    ("layers", {"enforcer/errors.py": "import enforcer.core\n"}),
    ("layers", {"enforcer/core/rogue.py": "import inventory\n"}),
    ("layers", {"enforcer/application/rogue.py": "import enforcer.cli.rogue\n"}),
    ("layers", {"enforcer/usecases/rogue.py": "import enforcer.bootstrap\n"}),
    ("layers", {"drivers/alpha/driver.py": "import enforcer.control.rogue\n"}),
    ("layers", {"inventory/rogue.py": "import enforcer.driver_api\n"}),
    ("drivers-are-plugins", {"enforcer/rogue.py": "from drivers.alpha import driver\n"}),
    ("drivers-are-plugins", {"inventory/rogue.py": "import drivers\n"}),
    (
        "drivers-independent",
        {"drivers/beta/__init__.py": "", "drivers/beta/parse.py": "import drivers.alpha.parse\n"},
    ),
    ("pure", {"enforcer/core/rogue.py": "import time\n"}),
    ("pure", {"enforcer/core/rogue.py": "from pathlib import Path\n"}),
    ("pure", {"drivers/alpha/render.py": "import os\n"}),
    ("pure", {"drivers/alpha/parse.py": "import subprocess\n"}),
    (
        "pure",
        {
            "drivers/alpha/parse.py": "import drivers.alpha.session\n",
            "drivers/alpha/session.py": "import socket\n",
        },
    ),
    ("sql-in-storage", {"inventory/rogue.py": "import sqlalchemy\n"}),
    ("sql-in-storage", {"enforcer/rogue.py": "from alembic import op\n"}),
    ("sql-in-storage", {"enforcer/control/rogue.py": "import psycopg\n"}),
    (
        "acyclic",
        {
            "enforcer/left/__init__.py": "import enforcer.right\n",
            "enforcer/right/__init__.py": "import enforcer.left\n",
        },
    ),
]

# Names that a broken tree imports must exist in it, whatever this tree has by now.
PRESENT = dict.fromkeys(
    (
        "enforcer/application/__init__.py",
        "enforcer/bootstrap.py",
        "enforcer/cli/__init__.py",
        "enforcer/cli/rogue.py",
        "enforcer/control/__init__.py",
        "enforcer/control/rogue.py",
        "enforcer/usecases/__init__.py",
    ),
    "",
)


def copy_sources(repository: Path, place: Path) -> None:
    """Copy pyproject.toml and the Python files of the three packages."""
    shutil.copy(repository / "pyproject.toml", place)
    for package in PACKAGES:
        for source in (repository / package).rglob("*.py"):
            target = place / source.relative_to(repository)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def add(place: Path, sources: dict[str, str]) -> None:
    """Append to the file, or make it; an application module becomes a package if need be."""
    for name, text in sources.items():
        target = place / name
        if target.name == "__init__.py" and target.parent.with_suffix(".py").exists():
            target.parent.mkdir()
            target.parent.with_suffix(".py").rename(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a") as module:
            module.write(text)


def lint_imports(place: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter in `place`, on these contracts or all of them."""
    chosen = [part for name in contracts for part in ("--contract", name)]
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [str(program), "--no-cache", "--no-logo", *chosen],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )


def contracts(repository: Path) -> dict[str, str]:
    """Identifier -> name of every contract in pyproject.toml."""
    settings = tomllib.loads((repository / "pyproject.toml").read_text())
    return {one["id"]: one["name"] for one in settings["tool"]["importlinter"]["contracts"]}


def test_this_tree_keeps_every_rule(repository: Path, tmp_path: Path) -> None:
    copy_sources(repository, tmp_path)
    run = lint_imports(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(contracts(repository))} kept, 0 broken" in run.stdout


def test_every_module_of_enforcer_has_a_layer(repository: Path) -> None:
    settings = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(one["layers"] for one in settings["contracts"] if one["id"] == "layers")
    placed = {name for layer in layers for name in re.findall(r"enforcer\.(\w+)", layer)}
    present = {
        path.stem
        for path in (repository / "enforcer").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert present - {"__init__"} - placed == set(), "say in pyproject.toml which layer it is"


def test_every_contract_is_broken_once(repository: Path) -> None:
    assert {contract for contract, _ in BROKEN} == contracts(repository).keys()


@pytest.mark.parametrize("contract, rogue", BROKEN, ids=[f"{c}-{min(s)}" for c, s in BROKEN])
def test_a_broken_rule_is_reported(
    repository: Path, tmp_path: Path, contract: str, rogue: dict[str, str]
) -> None:
    copy_sources(repository, tmp_path)
    add(tmp_path, DRIVER | PRESENT)
    before = lint_imports(tmp_path, contract)
    assert before.returncode == 0, before.stdout + before.stderr
    add(tmp_path, rogue)
    after = lint_imports(tmp_path, contract)
    assert after.returncode == 1, after.stdout + after.stderr
    assert f"{contracts(repository)[contract]} BROKEN" in after.stdout
