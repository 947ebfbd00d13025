# SPDX-License-Identifier: GPL-2.0-or-later
"""The walk-through `docs/add-a-driver.md` works: its code, its checks, its commands.

The page's files are laid out in a copy of this tree, checked there as everything else is, held
to the contract, and used by the command line.
"""

from __future__ import annotations

import importlib
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import drivers
from enforcer.control.ownership import check_mark
from enforcer.control.writing import compared
from enforcer.core.brake import PauseState, allowed
from enforcer.core.capability import unsupported
from enforcer.core.drift import Drift, tally_of
from enforcer.core.orders import BlockList, BlockPort, Demand, Direction, order_id
from enforcer.core.rules import Actual, Owner
from enforcer.core.topology import Device
from enforcer.driver_api import Driver
from enforcer.errors import ConfigurationInvalid, DeviceError, NotOwned, ParseFailed, StaleState
from tests.contract.backends import NAME
from tests.contract.worlds import (
    HOSTING,
    NOTHING,
    OURS,
    SMTP,
    converge,
    drift_of,
    prefix,
    read,
    wanting,
    write,
)
from tests.fakes.clock import START
from tests.unit.docs.conversations import masked, typed
from tests.unit.docs.pages import DOCS, ROOT, blocks

PAGE = DOCS / "add-a-driver.md"
CODE = {block.title: block.text for block in blocks(PAGE, "python")}
ENTRY_POINTS = next(b.text for b in blocks(PAGE, "toml") if b.title == "pyproject.toml")
INVENTORY = next(b.text for b in blocks(PAGE, "yaml") if b.title == "inventory.yaml")
CONVERSATION = next(b.text for b in blocks(PAGE, "console"))
EVERYTHING: tuple[Demand, ...] = (
    prefix("198.51.100.7/32"),
    prefix("198.51.100.64/26"),
    prefix("198.51.100.80/28"),
    prefix("2001:db8:bad::/48"),
    prefix("2001:db8:bad::7/128", Direction.FROM),
    BlockList("botnets"),
)
WANTED = wanting(EVERYTHING, START)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this tree in which somebody followed the page."""
    place = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", place)
    for package in ("enforcer", "drivers", "inventory", "migrations"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, place / package, ignore=ignored)
    for title, text in CODE.items():
        target = place / title
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
    installed = place / "walk_through-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: walk-through\nVersion: 1\n")
    (installed / "entry_points.txt").write_text(_entry_points())
    return place


def _entry_points() -> str:
    group = tomllib.loads(ENTRY_POINTS)["project"]["entry-points"]["enforcer.drivers"]
    return "\n".join(["[enforcer.drivers]", *(f"{k} = {v}" for k, v in group.items())]) + "\n"


# -- the checks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "drivers/droplist"),
        ("ruff", "format", "--check", "drivers/droplist"),
        ("mypy", "drivers/droplist"),
        ("lint-imports", "--no-logo"),
    ],
    ids=" ".join,
)
def test_the_code_passes_the_same_checks_as_ours(tree: Path, command: tuple[str, ...]) -> None:
    tool = Path(sys.executable).parent / command[0]
    run = subprocess.run(
        [str(tool), *command[1:]], cwd=tree, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_pure_half_is_looked_at(tree: Path) -> None:
    """The names `render` and `parse` are what the linter goes by."""
    assert {"drivers/droplist/render.py", "drivers/droplist/parse.py"} <= CODE.keys()
    spoilt = tree / "drivers" / "droplist" / "parse.py"
    whole = spoilt.read_text(encoding="utf-8")
    spoilt.write_text(f"{whole}\nimport socket\n", encoding="utf-8")
    tool = Path(sys.executable).parent / "lint-imports"
    run = subprocess.run(
        [str(tool), "--no-logo"], cwd=tree, capture_output=True, text=True, check=False
    )
    spoilt.write_text(whole, encoding="utf-8")
    assert run.returncode != 0 and "drivers.droplist.parse" in run.stdout


# -- the contract ----------------------------------------------------------------------------


class NoCredentials:
    def resolve(self, reference: str) -> str:
        raise ConfigurationInvalid(f"there is no credential {reference}")


@pytest.fixture(scope="module")
def droplist(tree: Path) -> Iterator[type[Driver]]:
    """The page's driver, imported from the copy."""
    place = str(tree / "drivers")
    drivers.__path__.append(place)
    try:
        yield importlib.import_module("drivers.droplist.driver").DroplistDriver
    finally:
        drivers.__path__.remove(place)
        for name in [n for n in sys.modules if n.startswith("drivers.droplist")]:
            del sys.modules[name]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "edge1.drop"


@pytest.fixture
def bound(droplist: type[Driver], file: Path) -> Callable[[Owner], Driver]:
    """Makes drivers of one device."""
    device = Device(NAME, "droplist", transport={"path": str(file)})
    return lambda owner: droplist.from_device(device, NoCredentials(), owner)


@pytest.fixture
def driver(bound: Callable[[Owner], Driver]) -> Driver:
    return bound(OURS)


def test_a_bad_transport_is_refused(droplist: type[Driver]) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"transport\.path"):
        droplist.from_device(Device(NAME, "droplist"), NoCredentials(), OURS)


def test_a_fresh_device_holds_nothing_and_has_no_mark(driver: Driver) -> None:
    actual = read(driver)
    assert (dict(actual.addresses), actual.owner, actual.region) == ({}, None, False)


def test_everything_is_enforced_and_marked_and_then_there_is_no_plan(
    driver: Driver, file: Path
) -> None:
    converge(driver, WANTED)
    actual, before = read(driver), file.read_text()
    assert actual.owner == OURS and actual.addresses.keys() == WANTED.addresses.keys()
    assert "drop from 198.51.100.7-198.51.100.7 order 0001-Y\n" in before
    drift = compared(driver, WANTED, actual)
    assert not drift and drift.tally.verified == len(WANTED)
    assert not driver.plan(WANTED, drift, actual)
    assert file.read_text() == before


def test_a_plan_is_deterministic_and_touches_nothing(driver: Driver, file: Path) -> None:
    converge(driver, wanting(EVERYTHING[:2], START))
    before, actual = file.read_text(), read(driver)
    drift = compared(driver, WANTED, actual)
    plans = [driver.plan(WANTED, drift, actual) for _ in range(2)]
    texts = [(list(p.native()), list(p.undo()), [b.payload for b in p.batches]) for p in plans]
    assert texts[0] == texts[1] and all(texts[0])
    assert file.read_text() == before


def test_withdrawing_everything_leaves_what_was_there_before(driver: Driver, file: Path) -> None:
    converge(driver, NOTHING)
    before = file.read_text()
    converge(driver, WANTED)
    assert file.read_text() != before
    converge(driver, NOTHING)
    assert file.read_text() == before


def test_the_same_plan_twice_converges(driver: Driver) -> None:
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(WANTED, compared(driver, WANTED, actual), actual)
        for batch in (*plan.batches, *plan.batches):
            session.stage(batch).confirm()
    assert not drift_of(driver, WANTED)


def edited(text: str, line: int, other: str | None) -> str:
    lines = text.splitlines()
    lines[line : line + 1] = [] if other is None else [other]
    return "\n".join(lines) + "\n"


def overlapping(text: str) -> str:
    return text + "drop to 198.51.100.7-198.51.100.8 order 0001-Y\n"


MUTATIONS: dict[str, Callable[[str], str]] = {
    "everything gone": lambda text: "",
    "member missing": lambda text: edited(text, 2, None),
    "member extra": lambda text: text + "drop to 192.0.2.1-192.0.2.1 order 0001-Y\n",
    "another order": lambda text: text.replace("0001-Y", "0009-G", 1),
    "no order": lambda text: text.replace("0001-Y", "mine", 1),
    "line twice": lambda text: text + text.splitlines()[1] + "\n",
    "overlapping line": overlapping,
    "mark missing": lambda text: edited(text, 0, None),
    "mark of another epoch": lambda text: edited(text, 0, "owner C0FFEE 2"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_drift_is_found_and_repaired(driver: Driver, file: Path, name: str) -> None:
    converge(driver, WANTED)
    right = file.read_text()
    file.write_text(MUTATIONS[name](right))
    assert file.read_text() != right
    drift = drift_of(driver, WANTED)
    assert drift and (drift.examples or drift.findings)
    converge(driver, WANTED)
    assert file.read_text() == right


@pytest.mark.parametrize(
    "line",
    [
        "accept from 192.0.2.1-192.0.2.1 order 0001-Y",
        "drop from 192.0.2.1 order 0001-Y",
        "drop from 192.0.2.999-192.0.2.999 order 0001-Y",
        "drop from 192.0.2.9-192.0.2.1 order 0001-Y",
        "drop from 192.0.2.1-2001:db8::1 order 0001-Y",
        "owner C0FFEE 4",
        "",
        "drop from \N{SNOWMAN}-1 order 0001-Y",
    ],
)
def test_what_is_not_understood_is_never_taken_for_nothing(
    driver: Driver, file: Path, line: str
) -> None:
    converge(driver, WANTED)
    file.write_text(file.read_text() + line + "\n", encoding="utf-8")
    with pytest.raises(ParseFailed):
        read(driver)


def test_it_does_not_write_over_what_it_has_not_read(driver: Driver, file: Path) -> None:
    converge(driver, NOTHING)
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(WANTED, compared(driver, WANTED, actual), actual)
        file.write_text(MUTATIONS["member extra"](file.read_text()))
        before = file.read_text()
        with pytest.raises(StaleState):
            session.stage(plan.batches[0])
        assert file.read_text() == before


def test_the_staged_token_is_the_one_that_holds_afterwards(driver: Driver) -> None:
    with driver.connect() as session:
        actual = session.read_state()
        plan = driver.plan(WANTED, compared(driver, WANTED, actual), actual)
        token = session.stage(plan.batches[0]).token
        assert token == session.fingerprint().token == session.read_state().token != actual.token


def test_a_failing_device_says_so_in_our_terms(driver: Driver, file: Path) -> None:
    file.mkdir()
    with pytest.raises(DeviceError):
        read(driver)


def test_a_folder_that_is_not_there_is_diagnosed(driver: Driver, file: Path) -> None:
    assert all(one.ok for one in driver.diagnose()) and not file.exists()
    file.parent.rmdir()
    assert [(one.ok, bool(one.advice)) for one in driver.diagnose()] == [(False, True)]


def test_the_marks_of_two_controllers(bound: Callable[[Owner], Driver]) -> None:
    converge(bound(OURS), WANTED)
    other, later = Owner("STRANGER", 1), replace(OURS, epoch=OURS.epoch + 1)
    with pytest.raises(NotOwned):
        check_mark(read(bound(other)), other, None)
    converge(bound(later), WANTED)
    with pytest.raises(NotOwned):
        check_mark(read(bound(OURS)), OURS, None)


def test_two_that_interleave_converge(bound: Callable[[Owner], Driver]) -> None:
    one, two = bound(OURS), bound(OURS)
    with one.connect() as first, two.connect() as second:
        actual = first.read_state()
        plan = one.plan(WANTED, compared(one, WANTED, actual), actual)
        write(two, second, WANTED)
        with pytest.raises(StaleState):
            first.stage(plan.batches[0])
        write(one, first, WANTED)
    assert not drift_of(one, WANTED)


def test_under_a_pause_only_the_given_part_is_written(driver: Driver) -> None:
    converge(driver, wanting(EVERYTHING[:2], START))
    wanted = wanting(EVERYTHING[1:4], START)
    actual = read(driver)
    may, held = allowed(compared(driver, wanted, actual).delta, PauseState.PAUSED)
    assert may and held
    plan = driver.plan(wanted, Drift(may, tally_of(may)), actual)
    with driver.connect() as session:
        session.read_state()
        session.stage(plan.batches[0]).confirm()
    after = read(driver)
    assert count(after) < count(actual) and not drift_covers(after, actual)


def count(state: Actual) -> int:
    return sum(map(len, state.addresses.values()))


def drift_covers(after: Actual, before: Actual) -> bool:
    """Whether anything stands after that did not stand before."""
    return any(
        (first, last) not in {(f, t) for f, t, _, _ in before.addresses[rule].rows()}
        for rule, members in after.addresses.items()
        for first, last, _, _ in members.rows()
    )


def test_a_preview_needs_no_reading(driver: Driver) -> None:
    """The state that previews without --fresh are computed against: nothing native in it."""
    assumed = Actual(NAME, START, OURS, wanting(EVERYTHING[:1], START).addresses)
    lines = list(driver.plan(WANTED, compared(driver, WANTED, assumed), assumed).native())
    assert f"+ drop to 198.51.100.64-198.51.100.79 order {order_id(2)}" in lines


def test_what_it_cannot_hold_it_says(driver: Driver) -> None:
    device = Device(NAME, "droplist")
    ports = wanting([BlockPort(HOSTING, (6,), SMTP)], START)
    assert all(unsupported(rule, device, driver.capability) for rule in ports.rules())
    assert not any(unsupported(rule, device, driver.capability) for rule in WANTED.rules())


# -- the commands ----------------------------------------------------------------------------


def test_the_conversation_is_what_really_happens(tree: Path, tmp_path: Path) -> None:
    here = f"{tmp_path}/"
    (tmp_path / "inventory").mkdir()
    inventory = tmp_path / "inventory" / "inventory.yaml"
    inventory.write_text(INVENTORY.replace("/tmp/", here), encoding="utf-8")
    wrapper = tmp_path / "bin" / "enforcer"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m enforcer.cli.main "$@"\n')
    wrapper.chmod(0o755)
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("ENFORCER_")}
    surroundings |= {
        "PATH": f"{wrapper.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tree),
        "NO_COLOR": "1",
        "COLUMNS": "80",
    }

    def sh(line: str) -> str:
        run = subprocess.run(
            ["sh", "-c", f"{line} 2>&1"],
            cwd=tmp_path,
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
        return run.stdout

    sh("enforcer init")
    happened = [f"$ {line}\n{sh(line.replace('/tmp/', here))}" for line in typed(CONVERSATION)]
    assert masked("\n".join(happened)) == masked(CONVERSATION)
