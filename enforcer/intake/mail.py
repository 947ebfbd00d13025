# SPDX-License-Identifier: GPL-2.0-or-later
"""Abuse reports that come as mail: ARF (RFC 5965), XARF in a MIME part, X-ARF v0.x, anything.

A mail proves nothing, whoever it says it is from: every signal of this module has the evidence
``mail``, which never becomes an order by itself. A mail that is no report is one for a person.
"""

from __future__ import annotations

import email
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from email.policy import compat32
from itertools import islice

from enforcer.core.intake_rules import one_line
from enforcer.core.signals import Evidence, Signal
from enforcer.errors import InvalidInput
from enforcer.intake.documents import (
    instant_of,
    network_of,
    port_of,
    protocol_of,
    text_of,
    word_of,
)
from enforcer.intake.xarf import read_xarf

MOST_PARTS = 100
_LARGEST_PART = 1_048_576
_KEPT = (
    "Feedback-Type",
    "User-Agent",
    "Version",
    "Source-IP",
    "Arrival-Date",
    "Received-Date",
    "Reported-Domain",
    "Reported-URI",
    "Original-Mail-From",
    "Authentication-Results",
    "Auth-Failure",
    "Incidents",
    "Source-Port",
)
"""RFC 5965 sections 3.1 to 3.3 and RFC 6692; not whom the mail was for."""
_JSON = frozenset(["application/json", "application/xarf+json", "text/json"])


def read_mail(raw: bytes) -> list[Signal]:
    """What a mail reports; at least one signal. Raises InvalidInput for what is no mail."""
    try:
        message = email.message_from_bytes(raw, policy=compat32)
        parts = list(islice(message.walk(), MOST_PARTS + 1))
        if not list(message.items()):
            raise InvalidInput("this is no mail: it has no headers")
        signals = list(_signals(message, parts[:MOST_PARTS]))
    except (RecursionError, LookupError, ValueError, AssertionError) as problem:
        # The parser of the standard library leaks these for mails that are built to hurt.
        raise InvalidInput(f"this mail cannot be read: {type(problem).__name__}") from None
    if len(parts) > MOST_PARTS:
        said = f"it has more than {MOST_PARTS} parts: the rest was not read"
        signals = [replace(one, warnings=(*one.warnings, said)) for one in signals]
    return signals


def _signals(message: Message, parts: list[Message]) -> Iterator[Signal]:
    about = {
        "mail_from": _header(message, "From"),
        "subject": _header(message, "Subject"),
        "message_id": _header(message, "Message-ID"),
    }
    found = [one for part in parts for one in _part_signals(part, message)]
    for signal in found or [_plain(message)]:
        identity = signal.id or about["message_id"]
        reporter = signal.reporter or about["mail_from"]
        yield replace(
            signal,
            id=identity,
            reporter=reporter,
            evidence=Evidence.MAIL,
            fields={**signal.fields, **about},
        )


def _part_signals(part: Message, message: Message) -> Iterator[Signal]:
    kind = part.get_content_type()
    name = str(part.get_filename() or "").lower()
    if kind == "message/feedback-report":
        yield from _feedback(part)
    elif kind in _JSON or name.endswith("xarf.json"):
        try:
            signals = read_xarf(_bytes(part))
        except InvalidInput:
            return
        yield from (replace(one, format="xarf-mail") for one in signals)
    elif kind == "text/plain" and message.get("X-XARF") is not None and _is_report(part):
        yield from _old_xarf(part)


def _feedback(part: Message) -> Iterator[Signal]:
    """The machine-readable part of RFC 5965: fields as those of a mail's header."""
    fields = _fields(part)
    if fields is None:
        return
    source = _header(fields, "Source-IP")
    target = network_of(source)
    when = _header(fields, "Arrival-Date") or _header(fields, "Received-Date")
    warnings = []
    if target is None:
        said = f"its Source-IP '{one_line(source)}' is not an address"
        warnings.append(said if source else "it has no Source-IP")
    if not fields.get("Version"):
        warnings.append("it has no Version")
    yield Signal(
        "arf",
        word_of(_header(fields, "Feedback-Type")) or "abuse",
        target,
        instant_of(when),
        port=port_of(_header(fields, "Source-Port")),
        fields={n.lower().replace("-", "_"): _header(fields, n) for n in _KEPT if n in fields},
        warnings=tuple(warnings),
    )


def _fields(part: Message) -> Message | None:
    """The header-like fields in a part; None: it has none."""
    inner = part.get_payload()
    if isinstance(inner, list) and inner and isinstance(inner[0], Message):
        if inner[0].get("Feedback-Type") or inner[0].get("Source-IP"):
            return inner[0]
        inner = inner[0]
        part = inner if part.get("Content-Transfer-Encoding") is None else _encoded(part, inner)
    text = _bytes(part).decode("utf-8", "replace").lstrip()
    found = email.message_from_string(text, policy=compat32)
    return found if found.get("Feedback-Type") or found.get("Source-IP") else None


def _encoded(part: Message, inner: Message) -> Message:
    """The body of `inner` under the transfer encoding that its part states."""
    laid = Message()
    laid["Content-Transfer-Encoding"] = str(part["Content-Transfer-Encoding"])
    laid.set_payload(inner.get_payload())
    return laid


def _is_report(part: Message) -> bool:
    text = _bytes(part)[:20_000]
    return b"Source:" in text and b"Report-Type:" in text


def _old_xarf(part: Message) -> Iterator[Signal]:
    """X-ARF 0.1 and 0.2: ``Key: value`` lines (a subset of YAML)."""
    text = _bytes(part)[:20_000].decode("utf-8", "replace")
    pairs = (line.partition(":") for line in text.splitlines() if not line.startswith((" ", "#")))
    found = {name.strip().lower(): value.strip().strip("'\"") for name, _, value in pairs}
    yield Signal(
        "xarf-mail",
        word_of(found.get("report-type")) or word_of(found.get("category")) or "abuse",
        network_of(found.get("source")),
        instant_of(found.get("date")),
        id=text_of(found.get("report-id")),
        port=port_of(found.get("port")),
        protocol=protocol_of(found.get("protocol")),
        reporter=found.get("reported-from", ""),
        fields={"xarf": found},
        warnings=("it is X-ARF of an old version",),
    )


def _plain(message: Message) -> Signal:
    when = instant_of(_header(message, "Date"))
    return Signal("mail", "mail", at=when, warnings=("it holds no report that a program reads",))


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    return "" if value is None else one_line(value, 300)


def _bytes(part: Message) -> bytes:
    decoded = part.get_payload(decode=True)
    return decoded[:_LARGEST_PART] if isinstance(decoded, bytes) else b""
