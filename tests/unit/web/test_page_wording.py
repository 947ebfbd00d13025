# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages at the desk speak of the desk, not of the command line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import enforcer
from enforcer.application.actor import Actor
from enforcer.application.views import DeviceView, EventView
from enforcer.errors import NotFound
from enforcer.web.wording import AT_THE_SHELL, COMMANDS, OPTIONS, SHELL_OPTIONS, for_the_page
from tests.fakes.application import FakeApplication
from tests.fakes.views import an_event
from tests.unit.web.desk_orders import an_order
from tests.unit.web.sitting import Sitting

CODE = Path(enforcer.__file__).parent
SPOKEN = ("core", "usecases", "storage", "control", "intake", "accounts", "notify")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def messages() -> Iterator[str]:
    """Every sentence of the code behind the desk; the doctor speaks to who has a shell."""
    for folder in SPOKEN:
        for path in sorted((CODE / folder).rglob("*.py")):
            if not path.name.startswith("doctor"):
                yield from _sentences(ast.parse(path.read_text(encoding="utf-8")))


def _sentences(tree: ast.AST) -> Iterator[str]:
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "NAME"
                for part in node.values
            )
        elif isinstance(node, ast.Constant) and id(node) not in inside:
            yield node.value if isinstance(node.value, str) else ""


def left(text: str) -> list[str]:
    """What is left of the command line in `text`."""
    commands = re.findall(r"`enforcer ([a-z]+(?: [a-z][a-z-]*)?)[^`]*`", text)
    plain = re.sub(r"`[^`]*`", "", text)
    options = re.findall(r"(?<![\w-])--[a-z][a-z-]+", plain)
    return [one for one in commands if one not in AT_THE_SHELL and one.split()[0] != "run"] + [
        one for one in options if one not in SHELL_OPTIONS
    ]


def test_no_message_behind_the_desk_keeps_words_of_the_command_line() -> None:
    every = [text for text in messages() if left(text)]
    assert len(every) > 50
    assert {text: left(for_the_page(text)) for text in every if left(for_the_page(text))} == {}


@pytest.mark.parametrize("name", sorted({*COMMANDS, *OPTIONS}))
def test_each_word_of_the_table_is_replaced(name: str) -> None:
    text = name if name.startswith("--") else f"do `enforcer {name} edge1` first"
    assert not re.search(r"--|`|\{|\}", for_the_page(text))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("it hits others (--confirm-collateral)", "it hits others"),
        ("`enforcer resume` first, or a start (--start +10m), from which on it waits",
         "“Resume” in the head of the page first, or a start, from which on it waits"),
        ("no device 'x': see `enforcer device list`", "no device 'x': see the page Devices"),
        ("until `enforcer device release edge1`: why",
         "until “Release it” on the page of edge1: why"),
        ("say it in short, and name a --ticket that has the rest",
         "say it in short, and name the ticket that has the rest"),
        ("a pause needs a reason: --reason '...'", "a pause needs a reason"),
        ("10 -- 20, `nft list`, `enforcer database reclaim`",
         "10 -- 20, `nft list`, `enforcer database reclaim`"),
    ],
)  # fmt: skip
def test_what_is_said_instead(said: str, shown: str) -> None:
    assert for_the_page(said) == shown


class Told(FakeApplication):
    """No device is known, and of orders it is told that their target changed hands."""

    told: Sequence[EventView] = ()

    def device(self, actor: Actor, name: str) -> DeviceView:
        raise NotFound(f"no device {name!r}: see `enforcer device list`")

    def history(self, actor: Actor, order_id: str) -> Sequence[EventView]:
        return self.told


def test_a_page_of_ours_says_it_so() -> None:
    for part in ("", "?fragment=1"):
        text = Sitting("viewer", Told()).page(f"/devices/edge9{part}", 404)
        assert "see the page Devices" in text and "enforcer device" not in text


def test_who_owns_its_target_now_is_decided_on_its_page() -> None:
    application = Told()
    sitting = Sitting("abuse", application)
    order = an_order(application)
    assert "Keep it" not in sitting.page(f"/orders/{order.id}")
    changed = an_event(8).model_copy(update={"kind": "order.owner-changed"})
    application.told = [changed]
    assert f'action="/orders/{order.id}/reconfirm"' in sitting.page(f"/orders/{order.id}")
    application.told = [changed, an_event(9).model_copy(update={"kind": "order.reconfirmed"})]
    assert "Keep it" not in sitting.page(f"/orders/{order.id}")
