# SPDX-License-Identifier: GPL-2.0-or-later
"""People who sit before the desk: log in, look, be checked for what a browser or axe finds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from axe_playwright_python.sync_playwright import (  # type: ignore[import-untyped]  # has no types
    Axe,
)
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from enforcer.accounts.local import LocalAccounts
from enforcer.api.guard import COOKIE
from tests.browser.small_png import smaller
from tests.browser.town import PASSWORD

WIDE, NARROW = (1280, 800), (360, 740)
_RULES = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
}
"""The rules that stand for a criterion of the WCAG, to its level AA."""
_ALIKE = (".top", ".side", ".tabs", "tbody tr:nth-child(n+5)", ".timeline > li:nth-child(n+5)")
_SERIOUS = {"serious", "critical"}
_PATIENCE = 30_000
_EXPECTED = ("status of 401", "status of 403", "status of 404", "status of 422")

expect.set_options(timeout=_PATIENCE)


class Place(Protocol):
    """Where a desk is: its address, and the accounts of those who come."""

    @property
    def url(self) -> str: ...

    @property
    def accounts(self) -> LocalAccounts: ...


class Visits:
    """`complaints`: what the browser said against a page, such as a breach of the policy."""

    def __init__(self, browser: Browser, town: Place, pictures: Path | None) -> None:
        self._browser = browser
        self._town = town
        self._pictures = pictures
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def context(
        self,
        size: tuple[int, int] = WIDE,
        script: bool = True,
        colours: str = "light",
        cookie: str = "",
    ) -> BrowserContext:
        """A browser profile of its own."""
        options: dict[str, Any] = {
            "base_url": self._town.url,
            "viewport": {"width": size[0], "height": size[1]},
            "java_script_enabled": script,
            "color_scheme": colours,
            "reduced_motion": "reduce",
            "locale": "en-GB",
        }
        made = self._browser.new_context(**options)
        made.set_default_timeout(_PATIENCE)
        if cookie:
            made.add_cookies([{"name": COOKIE, "value": cookie, "url": self._town.url}])
        self._contexts.append(made)
        return made

    def page_of(
        self, name: str, size: tuple[int, int] = WIDE, script: bool = True, colours: str = "light"
    ) -> Page:
        """A page of somebody who is logged in already."""
        session = self._town.accounts.login(name, PASSWORD, "127.0.0.1", "a browser")
        return self.watched(self.context(size, script, colours, session.cookie).new_page())

    def watched(self, page: Page) -> Page:
        """`page`, whose complaints are kept."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(one in message.text for one in _EXPECTED):
            self.complaints.append(message.text)

    def leave(self) -> None:
        """Close everything. Fails where a browser complained."""
        for context in self._contexts:
            context.close()
        assert self.complaints == []

    def picture(self, page: Page, name: str) -> None:
        """A picture for the guide, where pictures are asked for."""
        if self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
            taken = page.screenshot(animations="disabled")
            (self._pictures / f"{name}.png").write_bytes(smaller(taken))


def accessible(page: Page) -> None:
    """Fails where axe has a serious finding."""
    _without_findings(page, Axe().run(page, options=_RULES).response["violations"])


def accessible_in_both(page: Page, whole: bool) -> None:
    """Fails where axe has a serious finding in light colours, or in dark ones.

    Not `whole`: without what is the same on every page, and with the first rows of tables.
    """
    which = {"exclude": [] if whole else [[one] for one in _ALIKE]}
    page.emulate_media(color_scheme="light")
    _without_findings(page, Axe().run(page, which, _RULES).response["violations"])
    page.emulate_media(color_scheme="dark")
    # The page is the same but for its colours, and axe is in it already.
    again = "(which) => axe.run(which, {resultTypes: ['violations'], runOnly: ['color-contrast']})"
    _without_findings(page, page.evaluate(again, which)["violations"])


def _without_findings(page: Page, found: Sequence[dict[str, Any]]) -> None:
    serious = [
        {"id": one["id"], "nodes": [node["html"][:200] for node in one["nodes"][:3]]}
        for one in found
        if one["impact"] in _SERIOUS
    ]
    assert serious == [], f"{page.url}: {json.dumps(serious, indent=1)}"


def fits(page: Page) -> None:
    """Fails where the page is wider than its window."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window, f"{page.url}: {wide} px wide in a window of {window} px"
