# SPDX-License-Identifier: GPL-2.0-or-later
"""`docs/api.md`: what it shows works, and its table of codes is the whole one."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from enforcer.api.app import create_app
from enforcer.api.problems import KINDS
from enforcer.cli.here import HERE, OF_THE_PROGRAM
from tests.fakes.no_network import NoNetwork
from tests.fakes.services import EVERYTHING, fake_services
from tests.unit.docs.pages import DOCS, Block, blocks

PAGE = DOCS / "api.md"
URL = "https://enforcer.example.net/api/v1"


def asked(words: list[str]) -> httpx.Request:
    """The request that a curl command makes."""
    method, headers, body, url = "", {"Authorization": f"Bearer {EVERYTHING}"}, None, ""
    rest = iter(words)
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers |= {name: value} if name != "$AUTH" else {}
        elif word == "-X":
            method = next(rest)
        elif word == "--json":
            body = json.loads(next(rest))
        elif not word.startswith("-"):
            url = word.replace("$API", URL)
    return httpx.Request(
        method or ("GET" if body is None else "POST"), url, headers=headers, json=body
    )


def shown() -> Iterator[tuple[str, Any]]:
    """Each curl command, and the JSON that follows it, if any does."""
    every = blocks(PAGE, "sh", "json")
    found: list[Block] = [one for one in every if "API=" not in one.text and not one.title]
    for place, block in enumerate(found):
        if block.language == "sh":
            after = found[place + 1] if place + 1 < len(found) else None
            told = (
                json.loads(after.text) if after is not None and after.language == "json" else None
            )
            yield block.text, told


def fits(told: Any, answer: Any) -> bool:
    """Whether the answer has all that is told, by name."""
    if isinstance(told, dict):
        return isinstance(answer, dict) and all(
            name in answer and fits(value, answer[name]) for name, value in told.items()
        )
    if isinstance(told, list):
        return isinstance(answer, list) and all(
            fits(one, two) for one, two in zip(told, answer, strict=False)
        )
    return True


def test_every_example_is_answered_as_it_says() -> None:
    http = NoNetwork(create_app(fake_services()))
    with capture_logs():
        for text, told in shown():
            lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
            answer = http.handle_request(asked(shlex.split(lines)[1:]))
            answer.read()
            assert answer.is_success, (text, answer.text)
            assert told is None or fits(told, answer.json()), (text, answer.text)


@pytest.mark.parametrize("column", [0, 1])
def test_the_table_of_codes_is_complete(column: int) -> None:
    rows = [
        line.split("|")[1:4] for line in PAGE.read_text().splitlines() if line.startswith("| `")
    ]
    written = sorted(row[column].strip(" `") for row in rows)
    told = [("method-not-allowed", "405"), *((one.code, str(int(one.status))) for one in KINDS)]
    known = sorted(one[column] for one in told)
    assert written == known


def test_what_works_at_the_installation_alone_is_told_with_its_reason() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = re.findall(r"^- `([a-z ]+)`: (.+)$", page, re.MULTILINE)
    assert dict(told) == HERE
    for command in OF_THE_PROGRAM:
        assert f"`{command}`" in page
