# SPDX-License-Identifier: GPL-2.0-or-later
"""The promises of the test suite itself: no network in unit tests, fail where root is missing."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.outcomes import Failed

NEEDS_ROOT = """
import pytest

@pytest.mark.root
def test_marked(): pass

def test_fixture(root): pass
"""

NEEDS_CORPUS = """
def test_corpus(corpus): assert corpus.is_dir()
"""


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
def test_a_unit_test_cannot_connect(method: str) -> None:
    with socket.socket() as client, pytest.raises(Failed, match="opened a connection"):
        getattr(client, method)(("127.0.0.1", 9))


def test_a_unit_test_can_use_a_unix_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "socket"))
        server.listen()
        client.connect(str(tmp_path / "socket"))


def outcome(repository: Path, tree: Path, *prefix: str, **environment: str) -> str:
    """Run the tests of `tree` under a copy of our conftest; return what pytest printed."""
    (tree / "conftest.py").write_text((repository / "tests" / "conftest.py").read_text())
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tree)]
    options = ["--rootdir", str(tree), "-c", str(repository / "pyproject.toml")]
    surroundings = {name: text for name, text in os.environ.items() if name != "CI"}
    run = subprocess.run(
        [*prefix, sys.executable, *command, *options],
        capture_output=True,
        text=True,
        check=False,
        env=surroundings | environment,
        cwd=tree,
    )
    return run.stdout + run.stderr


# Who makes no namespaces: another user (who still reads our files), and root without the right.
NOT_ROOT = ("setpriv", "--reuid=65534", "--inh-caps=+dac_override", "--ambient-caps=+dac_override")
NO_NAMESPACES = ("setpriv", "--inh-caps=-sys_admin", "--bounding-set=-sys_admin")


@pytest.mark.root
@pytest.mark.parametrize(
    "prefix, complaint",
    [(NOT_ROOT, "needs root"), (NO_NAMESPACES, "needs network namespaces")],
    ids=["not-root", "no-namespaces"],
)
def test_a_root_test_fails_where_it_cannot_run(
    repository: Path, tmp_path: Path, prefix: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "test_needs.py").write_text(NEEDS_ROOT)
    assert "2 passed" in outcome(repository, tmp_path)
    printed = outcome(repository, tmp_path, *prefix)
    assert complaint in printed
    assert "passed" not in printed
    assert "skipped" not in printed


def test_a_missing_corpus_skips_here_and_fails_in_ci(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "test_needs.py").write_text(NEEDS_CORPUS)
    nowhere = str(tmp_path / "nowhere")
    assert "1 skipped" in outcome(repository, tmp_path, ENFORCER_CORPUS=nowhere)
    assert "no corpus" in outcome(repository, tmp_path, ENFORCER_CORPUS=nowhere, CI="true")
    assert "1 passed" in outcome(repository, tmp_path, ENFORCER_CORPUS=str(tmp_path), CI="true")
