# SPDX-License-Identifier: GPL-2.0-or-later
"""`docs/get-started.md` works: everything that it shows is typed, and answers what it shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.docs.conversations import masked, typed
from tests.unit.docs.pages import DOCS, ROOT, blocks

PAGE = DOCS / "get-started.md"
FIRST, *REST = [block.text for block in blocks(PAGE, "console")]
INVENTORY = next(b.text for b in blocks(PAGE, "yaml") if b.title == "inventory.yaml")
PLACE = "/tmp/first"
ANY_PORT = '{"web": {"listen": "127.0.0.1:0"}}'
"""Others may have the usual one."""
AWAITED = {
    "enforcer run": "until grep -qs ' pass ' run.log; do sleep 0.1; done",
    "ip netns exec clab-two-r nft delete": "until grep -q repaired run.log; do sleep 0.1; done",
}
"""What a reader is too slow to be ahead of, and a loaded machine is not."""


def script(folder: Path) -> str:
    """Types every line of the page."""
    lines = ["exec 2>&1"]
    for number, conversation in enumerate([FIRST, *REST]):
        for line in typed(conversation.replace(PLACE, str(folder))):
            lines += [f"echo {_quoted('# ' + line)}", line]
            lines += [wait for begin, wait in AWAITED.items() if line.startswith(begin)]
        if number == 0:
            lines.append(f"cat > inventory/inventory.yaml <<'INVENTORY'\n{INVENTORY}INVENTORY")
    return "\n".join([*lines, "wait"]) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.mark.root
def test_the_first_order_is_as_the_page_says(tmp_path: Path) -> None:
    folder = tmp_path / "first"
    typing = tmp_path / "typing.sh"
    typing.write_text(script(folder), encoding="utf-8")
    inside = [sys.executable, "-m", "lab.clabns", "lab/two.clab.yml", "--", "bash", str(typing)]
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("ENFORCER_")}
    run = subprocess.run(
        inside,
        cwd=ROOT,
        env=surroundings | {"NO_COLOR": "1", "COLUMNS": "80", "ENFORCER_SERVICE": ANY_PORT},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    happened = masked(run.stdout.replace(str(folder), PLACE))
    assert happened == masked(FIRST + "".join(REST)), run.stderr
