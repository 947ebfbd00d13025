# SPDX-License-Identifier: GPL-2.0-or-later
"""Documents that are made up: whatever a reader makes of one, the engine stores."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enforcer.errors import InvalidInput
from enforcer.intake.adapters import adapters
from enforcer.intake.arrivals import Arrival, Receipt
from enforcer.service_settings import IntakeSettings
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, IDS

MAPPING = {"target": "$.ip", "type": "$.type", "key": "$.key", "fields": {"all": "$"}}
READERS = adapters(IntakeSettings(adapters={"generic": {"any": MAPPING}}))
WORDS = st.sampled_from(
    ["192.0.2.7", "2001:db8:1::/64", "::ffff:192.0.2.1", "0.0.0.0/0", "tcp", "udp", "ban", "unban"]
    + ["firing", "resolved", "4", "ddos", "incoming", "2026-03-08T13:58:00Z", "0", "99999"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
NAMES = st.sampled_from(
    ["ip", "type", "key", "action", "attack_details", "alerts", "version", "status", "labels"]
    + ["source_identifier", "protocol", "Report", "SourceIp", "ReportType", "timestamp"]
    + ["source.ip", "source", "classification.type", "classification", "protocol.transport"]
    + ["attack_direction", "total_incoming_pps", "fingerprint", "evidence", "port", "reporter"]
)
INNER = st.recursive(
    LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(NAMES, some, max_size=6)
)
FULL: list[dict[str, Any]] = [
    {"source_identifier": "192.0.2.7", "type": "x"},
    {"action": "ban", "ip": "192.0.2.7"},
    {"version": "4", "alerts": [{"status": "firing", "labels": {"ip": "192.0.2.7"}}]},
    {"source.ip": "192.0.2.7", "classification.type": "x"},
    {"ip": "192.0.2.7", "type": "x"},
]
DOCUMENTS = st.builds(
    lambda base, more: {**more, **base} if base else more,
    st.sampled_from([*FULL, {}]),
    st.dictionaries(NAMES, INNER, max_size=8),
)


def read(name: str, raw: bytes) -> list[Any] | str:
    try:
        return READERS[name].read(raw)
    except InvalidInput as problem:
        return str(problem)


def test_whatever_is_read_is_stored(office: MakeOffice) -> None:
    desk = office({**BLOCK, "type": "*", "lift": True, "reason": "{type} {id} {fields.all}"})

    @settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
    @given(DOCUMENTS)
    def ask(document: dict[str, Any]) -> None:
        raw = json.dumps(document).encode()
        for name in READERS:
            found = read(name, raw)
            if isinstance(found, str):
                assert found
                continue
            results = desk.intake.take([Arrival(IDS, one, True, raw) for one in found])
            assert all(isinstance(one, Receipt) for one in results)
            assert all(one.state not in ("taken", "lifting") for one in desk.reports(limit=5))

    ask()


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=400), st.sampled_from(["", "From: a\n", "Content-Type: multipart/x; "]))
def test_bytes_that_are_no_mail(raw: bytes, head: str) -> None:
    assert read("arf", head.encode() + raw)
