# SPDX-License-Identifier: GPL-2.0-or-later
"""The frozen JSON shape of every view: ``python -m tests.unit.cli.view_schemas`` renews it.

Renew it only for a deliberate change, say so in CHANGELOG.md, and renew `docs/cli.md` too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from enforcer.cli.reference import VIEWS

FILE = Path(__file__).with_suffix(".json")


def current() -> dict[str, Any]:
    """JSON Schema of what each view prints, by the view's name."""
    return {view.__name__: view.model_json_schema(mode="serialization") for view in VIEWS}


if __name__ == "__main__":
    FILE.write_text(json.dumps(current(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
