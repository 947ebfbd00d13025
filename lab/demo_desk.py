# SPDX-License-Identifier: GPL-2.0-or-later
"""The order desk in the demo: what it refuses, whom it warns of, what it withholds and tells."""

from typing import Any

from lab.demo_orders import Demo
from lab.demo_rows import Check
from lab.isp import CUST1, NEWS

SHARED_HOST = "198.51.100.40"
"""The lab's inventory says that several sites share it."""
PARTIAL = 5
"""The exit code of an order that is enforced but for what is withheld."""
HALF_PROTECTED = "203.0.113.224/27"
"""The upper half of it holds the routers' addresses."""


def why(demo: Demo, address: str) -> dict[str, Any]:
    """What the desk knows about an address now."""
    demo.say(f"enforcer why {address}")
    answer: dict[str, Any] = demo.installation.ask("why", address)
    return answer


def why_before(demo: Demo) -> None:
    """Nothing is said to be blocked while nothing is."""
    answer = why(demo, CUST1.more4[0])
    _note(demo, f"why {CUST1.more4[0]}, before any order: not blocked", _word(answer), "none, none")


def why_after(demo: Demo) -> None:
    """Blocked both ways, by which order, proved when."""
    answer = why(demo, CUST1.more4[0])
    orders = [f"{one['id']} ({one['relation']}, {one['status']})" for one in answer["orders"]]
    said = f"{_word(answer)}; by {', '.join(orders)}; {answer['certainty']}"
    ok = _word(answer) == "all, all" and len(orders) == 1 and answer["certainty"] == "verified"
    demo.desk.append(Check(f"why {CUST1.more4[0]}, with its order: blocked both ways", ok, said))


def refused(demo: Demo) -> None:
    """An order against protected space is refused with its code, and stores nothing."""
    words = ("block-address", NEWS.v4, "--for", "1h", "--reason", "spam by news")
    demo.say(f"enforcer order {' '.join(words)}")
    error = demo.installation.refused("order", *words)
    stored = demo.installation.ask("order", "list", "--all", "--text", NEWS.v4)
    ok = error["code"] == "protected" and not stored
    demo.desk.append(Check(f"an order against {NEWS.v4} is refused", ok, _said(error)))


def collateral(demo: Demo) -> None:
    """An order against a shared address names who else is hit, and needs a confirmation."""
    words = ("block-address", SHARED_HOST, "--for", "1h", "--reason", "phishing on a shared host")
    demo.say(f"enforcer order {' '.join(words)}")
    error = demo.installation.refused("order", *words)
    ok = error["code"] == "collateral"
    demo.desk.append(Check(f"{SHARED_HOST} is shared: refused unconfirmed", ok, _said(error)))
    demo.say("the same with --confirm-collateral")
    order = demo.place(*words, "--confirm-collateral")
    demo.lift(order["id"])
    _note(demo, "with --confirm-collateral it is enforced", order["status"], "enforced")


def withheld(demo: Demo) -> None:
    """A list's entry that overlaps protected space is enforced but for that part."""
    file = demo.installation.folder / "careless.txt"
    file.write_text(f"{HALF_PROTECTED}\n{NEWS.v4}\n", encoding="utf-8")
    demo.say(f"enforcer list import careless {file.name}")
    imported = demo.installation.ask("list", "import", "careless", str(file))
    said = "; ".join(imported["rejected_lines"])
    ok = imported["entries"] == 1 and imported["rejected"] == 1 and "protected" in said
    demo.desk.append(Check("a list's protected entry is rejected and named", ok, said))
    words = ("block-list", "careless", "--for", "1h", "--reason", "a careless feed")
    demo.say(f"enforcer order {' '.join(words)}")
    order = demo.installation.ask("order", *words, "--wait", "30s", code=PARTIAL)
    parts = "; ".join(order["withheld"])
    ok = order["status"] == "partial" and "203.0.113.240" in parts
    what = f"of {HALF_PROTECTED} the routers' part is withheld"
    demo.desk.append(Check(what, ok, f"{order['status']}: {parts}"))
    demo.lift(order["id"])


def _note(demo: Demo, what: str, found: str, wanted: str) -> None:
    demo.desk.append(Check(what, found == wanted, found))


def _word(answer: dict[str, Any]) -> str:
    return f"{answer['blocked_from']}, {answer['blocked_to']}"


def _said(error: dict[str, Any]) -> str:
    return f"[{error['code']}] {error['message']}"
