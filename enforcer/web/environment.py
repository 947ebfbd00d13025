# SPDX-License-Identifier: GPL-2.0-or-later
"""Templates: escaped by themselves, and a name that is not there is an error, not a blank."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from enforcer.service_settings import TICKET
from enforcer.web import look, times
from enforcer.web.assets import address_of
from enforcer.web.wording import for_the_page

_FOLDER = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The one environment of all pages."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        static=address_of,
        icon=icon,
        chip=chip,
        when=when,
        span=span,
        ticket=ticket,
        kinds=look.KINDS,
        look_of=look.look_of,
        kind_title=look.kind_title,
        kind_icon=look.kind_icon,
        duration_words=times.duration_words,
        url=url,
    )
    made.filters.update(number=number, count=counted, segment=segment, plain=for_the_page)
    return made


def icon(name: str, classes: str = "", label: str = "") -> Markup:
    """One icon of the sprite; without `label` it is left out by screen readers."""
    hidden = Markup('aria-hidden="true"')
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else hidden
    return Markup('<svg class="icon {}" {}><use href="{}#{}"></use></svg>').format(
        classes, spoken, address_of("icons.svg"), name
    )


def chip(state: str, part: str = "", word: str = "") -> Markup:
    """A state: icon, word, tone; `part` such as ``3/5``; `word` instead of the state's own."""
    seen = look.look_of(state)
    beside = Markup(' <span class="part">{}</span>').format(part) if part else ""
    return Markup('<span class="chip {}">{}{}{}</span>').format(
        seen.tone, icon(seen.icon), word or seen.word, beside
    )


@pass_context
def when(
    context: Context, instant: datetime | None, never: str = "–", both: bool = False
) -> Markup:
    """``in 2 h`` with UTC in its title; `both`: and the time in the reader's zone beneath it."""
    if instant is None:
        return Markup("{}").format(never)
    now, zone = context["now"], context["zone"]
    beneath = Markup('<span class="two">{}</span>').format(times.local(instant, zone))
    return Markup('<time datetime="{}" title="{} · {}"{}>{}</time>{}').format(
        times.machine(instant),
        times.exact(instant, zone),
        times.utc(instant),
        Markup(" data-relative"),
        times.relative(instant, now),
        beneath if both else "",
    )


@pass_context
def span(context: Context, instant: datetime) -> Markup:
    """The time in the reader's zone, and beside it how far that is."""
    now, zone = context["now"], context["zone"]
    return Markup(
        '<time datetime="{}" title="{}">{}</time> <span class="muted">({})</span>'
    ).format(
        times.machine(instant),
        times.utc(instant),
        times.local(instant, zone),
        times.relative(instant, now),
    )


@pass_context
def ticket(context: Context, name: str) -> Markup:
    """A ticket; a link to it where the settings say where tickets are (`web.ticket_url`)."""
    pattern: str = context["desk"].services.settings.web.ticket_url
    if not pattern:
        return Markup("{}").format(name)
    address = pattern.replace(TICKET, quote(name, safe=""))
    return Markup('<a href="{}" rel="noreferrer">{}</a>').format(address, name)


def url(path: str, query: Mapping[str, object] | None = None, **more: object) -> str:
    """`path` with a query; what is None or empty is left out, a list is repeated."""
    pairs = {**(query or {}), **more}
    stated = {key: value for key, value in pairs.items() if value not in (None, "", (), [])}
    encoded = urlencode(stated, doseq=True)
    return f"{path}?{encoded}" if encoded else path


def segment(text: str) -> str:
    """`text` as one segment of a path."""
    return quote(text, safe="")


def number(value: int) -> str:
    """``1,234,567`` with narrow spaces, as the standard of quantities groups digits."""
    return f"{value:,}".replace(",", "\u202f")


def counted(value: int, singular: str, plural: str = "") -> str:
    """``1 device``, ``12 devices``."""
    return f"{number(value)} {singular if value == 1 else plural or singular + 's'}"
