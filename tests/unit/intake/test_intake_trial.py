# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules are tried before they are in force: what `enforcer intake try` answers."""

from __future__ import annotations

import json

import pytest

from enforcer.errors import ConfigurationInvalid, Forbidden, InvalidInput
from enforcer.intake.desk import ReportDesk
from enforcer.intake.trial import tried
from enforcer.service_settings import IntakeSettings
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK
from tests.unit.usecases.people import ENGINEER, VIEWER, machine

RULE = {**BLOCK, "type": "login_*", "threshold": 3}
REPORT = {"source_identifier": "192.0.2.7", "type": "login_attack", "protocol": "tcp"}


def test_what_a_report_would_become(office: MakeOffice) -> None:
    desk = office(RULE)
    forged = {**REPORT, "protocol": "udp"}
    one, two = tried(
        desk.world, desk.settings, "xarf", "csirt", json.dumps([REPORT, forged]).encode()
    )
    assert (one.course, one.rule, one.customer) == ("order", "scanners", "cust1")
    assert "3 reports" in one.said and one.demand is not None
    assert one.demand["prefix"] == "192.0.2.7/32"
    assert (two.course, two.demand, two.evidence) == ("open", None, "udp")
    assert desk.reports() == [] and desk.placed() == []


def test_a_mail_is_tried_as_one(office: MakeOffice) -> None:
    desk = office({**RULE, "type": "*"})
    raw = b"From: a\r\nContent-Type: application/json\r\n\r\n" + json.dumps(REPORT).encode()
    (one,) = tried(desk.world, desk.settings, "arf", "csirt", raw)
    assert (one.course, one.evidence) == ("open", "mail")


@pytest.mark.parametrize("name", ["generic/siem", "generic-siem"])
def test_a_mapping_is_called_as_its_path_or_as_rules_and_lists_do(
    office: MakeOffice, name: str
) -> None:
    desk = office({**BLOCK, "type": "*", "format": "generic-siem"})
    mapping = {"target": "$.ip", "type": "$.kind", "evidence": "tcp-established"}
    settings = desk.settings.model_copy(update={"adapters": {"generic": {"siem": mapping}}})
    raw = b'{"ip": "192.0.2.7", "kind": "scan"}'
    (one,) = tried(desk.world, settings, name, "csirt", raw)
    assert (one.format, one.course) == ("generic-siem", "order")


def test_who_decides_on_reports_may_try_one(office: MakeOffice) -> None:
    desk = office(RULE)
    reports = ReportDesk(desk.world, desk.app, desk.settings)
    raw = json.dumps(REPORT).encode()
    assert [one.course for one in reports.trial(ENGINEER, "xarf", "csirt", raw)] == ["order"]
    for who in (VIEWER, machine()):
        with pytest.raises(Forbidden, match="judge"):
            reports.trial(who, "xarf", "csirt", raw)
        with pytest.raises(Forbidden, match="judge"):
            reports.poll(who)


def test_what_cannot_be_tried(office: MakeOffice) -> None:
    desk = office(RULE)
    with pytest.raises(InvalidInput, match="--format xraf: there is none: alertmanager, arf"):
        tried(desk.world, desk.settings, "xraf", "csirt", b"{}")
    with pytest.raises(InvalidInput, match="source"):
        tried(desk.world, desk.settings, "xarf", "csirt", b"{}")
    wrong = IntakeSettings(rules=({**RULE, "treshold": 5},))
    with pytest.raises(ConfigurationInvalid, match=r"rule 1 \(scanners\): treshold"):
        tried(desk.world, wrong, "xarf", "csirt", json.dumps(REPORT).encode())
