# SPDX-License-Identifier: GPL-2.0-or-later
"""What every test may ask for: the corpus, root with namespaces, hypothesis profiles.

Markers and fixtures:
    root: mark (`@pytest.mark.root`) or fixture; the test FAILS where root or network namespaces
        are missing, it never skips.
    corpus: directory of real lists and device outputs beside the repository, or
        `$ENFORCER_CORPUS`; where it is absent the test is skipped, and fails when `CI=true`.
"""

import functools
import os
import subprocess
from pathlib import Path

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() == "true"

# No deadlines: the machine may be busy, and no test asserts on timings.
hypothesis.settings.register_profile(
    "ci", derandomize=True, deadline=None, max_examples=100, print_blob=True, database=None
)
hypothesis.settings.register_profile("dev", deadline=None, max_examples=50)
hypothesis.settings.load_profile("ci" if IN_CI else "dev")


@functools.cache
def _missing_for_root_tests() -> str | None:
    """What keeps this run from making network namespaces, as a sentence; None: nothing."""
    if os.geteuid() != 0:
        return "this test needs root: run `make test` as root"
    probe = subprocess.run(
        ["unshare", "--net", "true"], capture_output=True, text=True, check=False
    )
    if probe.returncode != 0:
        return f"this test needs network namespaces, but unshare says: {probe.stderr.strip()}"
    return None


@pytest.fixture(scope="session")
def root() -> None:
    """Fail where root or network namespaces are missing."""
    missing = _missing_for_root_tests()
    if missing is not None:
        pytest.fail(missing, pytrace=False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test marked `root` before it runs where it could not mean anything."""
    missing = _missing_for_root_tests() if item.get_closest_marker("root") else None
    if missing is not None:
        pytest.fail(missing, pytrace=False)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The directory of real lists and device outputs."""
    place = Path(os.environ.get("ENFORCER_CORPUS") or REPOSITORY.parent / "shared" / "corpus")
    if place.is_dir():
        return place
    reason = f"no corpus at {place}; put it there or name its place in ENFORCER_CORPUS"
    if IN_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
