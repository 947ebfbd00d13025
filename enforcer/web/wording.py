# SPDX-License-Identifier: GPL-2.0-or-later
"""What messages say for the command line, in the words of the page."""

from __future__ import annotations

import re

COMMANDS = {
    "approval approve": "“Approve” on the page of {}",
    "approval list": "the page Approvals",
    "approval review": "“Reviewed” on the page of {}",
    "approval show": "the page of {}",
    "approval withdraw": "“Withdraw” on the page of {}",
    "audit sign": "“Sign the head now” under Audit",
    "audit verify": "“Verify” under Audit",
    "alarm list": "the page Alarms",
    "customer confirm-gone": "“Let it go” on the page of {}",
    "customer list": "the page Customers",
    "device adopt": "“Adopt it” on the page of {}",
    "device list": "the page Devices",
    "device plan": "“Next commands” on the page of {}",
    "device release": "“Release it” on the page of {}",
    "device resume": "“Resume” on the page of {}",
    "device retire": "“Retire it” on the page of {}",
    "device show": "the page of {}",
    "doctor": "the page Status",
    "intake list": "the page Reports",
    "inventory check": "the page Inventory",
    "inventory diff": "the page Inventory",
    "inventory reload": "“Reload” on the page Inventory",
    "list import": "“Import” on the page Lists",
    "list refresh": "“Fetch it now” on the page of {}",
    "list show": "the page Lists",
    "notice list": "the page Notices",
    "order list": "the page Orders",
    "order reconfirm": "“Keep it” on the page of {}",
    "order lift": "“Lift” on the page of {}",
    "pause": "“Pause” in the head of the page",
    "resume": "“Resume” in the head of the page",
    "source list": "the page Sources",
    "source start --all": "“Start them again” on the page Sources",
    "source start": "“Start again” beside {} on the page Sources",
    "token list": "the page API tokens",
    "user list": "the page Accounts",
}
"""What is done at the shell by ``enforcer COMMAND {}``, and where at the desk; `{}` is the first
argument."""
AT_THE_SHELL = frozenset(
    {"database reclaim", "device move", "init", "notice events", "run", "user add"}
)
"""What nobody does at the desk: such a command stays as it is."""
OPTIONS = {
    "--confirm-shrink": "the confirmation that it shrinks",
    "--key": "the key",
    "--or-longer": "“or longer”",
    "--platform": "a platform",
    "--policy": "the policy clause",
    "--reason": "the reason",
    "--ticket": "the ticket",
    "--for": "the tool",
    "--format": "the format",
}
"""Options that messages name outside parentheses."""
SHELL_OPTIONS = frozenset({"--config", "--no-web", "--owner", "--role"})
"""Those of commands that stay as they are."""

_ASIDE = re.compile(r" \(--[a-z-]+(?: [^()]*)?\)|: --reason '\.\.\.'")
_COMMAND = re.compile(r"`enforcer ([a-z]+)(?: ([a-z][a-z-]*))?((?: [^`]*)?)`")
_ARTICLE = re.compile(r"\b(?:a|the) (?=--(?:ticket|reason|policy|key)\b)")
_OPTION = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, OPTIONS))})(?![\w-])")


def for_the_page(text: str) -> str:
    """`text` without what only makes sense at a shell.

    >>> for_the_page("no device 'x': see `enforcer device list`")
    "no device 'x': see the page Devices"
    """
    if "--" not in text and "`" not in text:
        return text
    spoken = _COMMAND.sub(_place, _ASIDE.sub("", text))
    return _OPTION.sub(lambda found: OPTIONS[found[0]], _ARTICLE.sub("", spoken))


def _place(found: re.Match[str]) -> str:
    first, second, more = found[1], found[2] or "", found[3].split()
    flags = [word for word in more if word.startswith("-")]
    whole = f"{first} {second}".strip()
    pattern = COMMANDS.get(" ".join([whole, *flags])) or COMMANDS.get(whole)
    if pattern is None:
        pattern, more = COMMANDS.get(first), [second, *more]
    if pattern is None:
        return found[0]
    named = [word for word in more if not word.startswith("-")]
    return pattern.format(named[0] if named and named[0] else "what it is about")
