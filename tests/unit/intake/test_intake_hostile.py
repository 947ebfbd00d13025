# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents that were made to hurt: each is refused with a reason, none leaks or hangs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from enforcer.core.signals import Evidence
from enforcer.errors import InvalidInput
from enforcer.intake.adapters import adapters
from enforcer.intake.mail import read_mail
from enforcer.service_settings import IntakeSettings

MAPPING = {"target": "$..ip", "type": "$..type"}
SETTINGS = IntakeSettings(adapters={"generic": {"any": MAPPING}})
READERS = {name: one.read for name, one in adapters(SETTINGS).items()}
GOOD: dict[str, dict[str, Any]] = {
    "xarf": {"source_identifier": "203.0.113.5", "type": "spam", "protocol": "tcp"},
    "fastnetmon": {"action": "ban", "ip": "192.0.2.1", "attack_details": {"attack_uuid": "x"}},
    "alertmanager": {
        "version": "4",
        "alerts": [{"status": "firing", "labels": {}, "fingerprint": "x", "startsAt": "x"}],
    },
    "intelmq": {"source.ip": "192.0.2.1", "classification.type": "x", "feed.name": "y"},
    "generic/any": {"ip": "192.0.2.1", "type": "x"},
    "fail2ban": {"action": "ban", "ip": "192.0.2.1", "jail": "sshd", "protocol": "tcp"},
    "suricata": {
        "event_type": "alert",
        "src_ip": "192.0.2.1",
        "dest_ip": "198.51.100.1",
        "proto": "TCP",
        "alert": {"signature_id": 1},
        "timestamp": "2026-03-01T10:00:00.1+0000",
    },
    "wazuh": {"version": 1, "command": "add", "parameters": {"alert": {"data": {"srcip": "x"}}}},
    "arf": {},
}
HOSTILE = {
    "empty": b"",
    "not utf-8": b'{"ip": "\xff"}',
    "utf-16": '{"ip": "192.0.2.1"}'.encode("utf-16"),
    "deep list": b"[" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "just too deep": b'{"a":' * 40 + b"1" + b"}" * 40,
    "NaN": b'{"ip": NaN}',
    "endless number": b'{"ip": ' + b"9" * 10_000 + b"}",
    "text": b'"192.0.2.1"',
    "null": b"null",
}


@pytest.mark.parametrize("name", [n for n in READERS if n != "arf"])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_documents_are_refused_with_a_reason(name: str, case: str) -> None:
    if (name, case) == ("suricata", "empty"):
        assert READERS[name](b"") == [], "no lines, no records"
        return
    with pytest.raises(InvalidInput, match=r"\w+ \w+"):
        READERS[name](HOSTILE[case])


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_mails_are_read_or_refused(case: str) -> None:
    try:
        signals = read_mail(HOSTILE[case])
    except InvalidInput:
        return
    assert all(one.evidence is Evidence.MAIL for one in signals)


def outcome(name: str, raw: bytes) -> str:
    """What a reader says of `raw`: how many signals, or its reason."""
    try:
        return f"{len(READERS[name](raw))} signals"
    except InvalidInput as problem:
        return str(problem)


@pytest.mark.parametrize("name", READERS)
def test_wrong_types_everywhere_never_leak(name: str) -> None:
    """Each value of a good document replaced by each kind of wrong one."""
    good = GOOD[name]
    wrongs: list[Any] = [None, True, -1, 1e308, "", "\ud800\0\n", [], [[]], {}, {"a": []}]
    for key in good:
        for wrong in wrongs:
            assert outcome(name, json.dumps({**good, key: wrong}).encode())


def test_every_format_is_tried() -> None:
    assert GOOD.keys() == READERS.keys()
