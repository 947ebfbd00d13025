# SPDX-License-Identifier: GPL-2.0-or-later
"""`/metrics`, `/healthz` and `/readyz`; that what is shipped names metrics that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from enforcer.api import health, metrics
from enforcer.api.app import create_app
from enforcer.api.openapi import actions_of, routes_of
from enforcer.core.access import Action
from enforcer.notify.measures import LEADING, STANDING_BY, Measures
from enforcer.notify.metrics import ServiceWatch
from enforcer.service_settings import ServiceSettings, WebSettings
from enforcer.storage.database import Database
from enforcer.storage.tables import alarms
from tests.fakes.services import fake_services
from tests.unit.notify.notice_bench import ANN, Bench, FakeChannel

DEPLOY = Path(__file__).resolve().parents[3] / "docs" / "deploy"
NAME = re.compile(r"\benforcer_[a-z_]+\b")


@pytest.fixture
def measures() -> Measures:
    return Measures()


@pytest.fixture
def watch(bench: Bench, measures: Measures) -> ServiceWatch:
    return ServiceWatch(bench.database, bench.clock, measures)


def samples(watch: ServiceWatch) -> dict[str, dict[tuple[str, ...], float]]:
    """By name, then by the values of the labels."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(watch.metrics().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def everything(bench: Bench, measures: Measures) -> None:
    """Something of each kind happens."""
    measures.passed("edge1", "clean", 0.02)
    measures.passed("edge1", "failed", None)
    measures.woken("edge1")
    measures.drops({"edge1": 77})
    measures.become(LEADING)
    bench.place(number=3)
    with bench.database.write() as work:
        from enforcer.core.status import DeviceFacts

        facts = DeviceFacts(verified_at=bench.clock.now(), drift_open=2)
        work.devices.save_facts("edge1", facts)
        work.raise_alarm("braked", ANN, at=bench.clock.now(), subject="edge1", said="held")
    bench.following.look()
    bench.sender(FakeChannel(away=True), attempts=1).look()


def test_numbers_come_from_the_database_and_from_this_process(
    bench: Bench, watch: ServiceWatch, measures: Measures
) -> None:
    everything(bench, measures)
    found = samples(watch)
    assert found["enforcer_orders"] == {
        ("scheduled",): 0,
        ("in_force",): 3,
        ("expired",): 0,
        ("lifted",): 0,
    }
    assert found["enforcer_orders_unproved"] == {(): 3}
    assert found["enforcer_events_total"][("order.placed",)] == 3
    assert found["enforcer_drift_found_total"] == {("edge1",): 1}
    assert found["enforcer_device_drift_open"] == {("edge1",): 2}
    assert found["enforcer_passes_total"] == {("edge1", "clean"): 1, ("edge1", "failed"): 1}
    assert found["enforcer_pass_seconds_count"] == {("edge1",): 1}
    assert found["enforcer_pass_seconds_bucket"][("edge1", "0.05")] == 1
    assert found["enforcer_dropped_packets"] == {("edge1",): 77}
    assert found["enforcer_alarms_open"] == {("braked",): 1}
    assert found["enforcer_notices"][("mail", "dead")] == 5
    assert found["enforcer_leader"] == {(): 1}
    with bench.database.read() as reader:
        assert found["enforcer_audit_head"] == {(): reader.audit.head()[0]}
    assert found["enforcer_audit_signed_head"] == {(): 0}


def test_numbers_of_the_chain_survive_the_process(bench: Bench) -> None:
    bench.place()
    bench.following.look()
    other = ServiceWatch(bench.database, bench.clock, Measures())
    assert samples(other)["enforcer_events_total"][("order.placed",)] == 1


def shipped() -> Iterator[tuple[str, str]]:
    """File and expression of everything that names a metric."""
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield "grafana-dashboard.json", target["expr"]
    rules: dict[str, Any] = yaml.safe_load((DEPLOY / "alert-rules.yml").read_text(encoding="utf-8"))
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert {"alert", "expr", "labels", "annotations"} <= set(rule)
            assert rule["labels"]["severity"] in ("critical", "warning")
            assert {"summary", "description"} == set(rule["annotations"])
            yield "alert-rules.yml", rule["expr"]


def test_dashboard_and_alert_rules_name_metrics_that_exist(
    bench: Bench, watch: ServiceWatch, measures: Measures
) -> None:
    everything(bench, measures)
    known = set(samples(watch))
    named = [(file, name) for file, expression in shipped() for name in NAME.findall(expression)]
    assert len({file for file, _ in named}) == 2
    assert [one for one in named if one[1] not in known] == []


def test_the_page_about_metrics_lists_them_all(
    bench: Bench, watch: ServiceWatch, measures: Measures
) -> None:
    everything(bench, measures)
    page = (DEPLOY.parent / "metrics.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(enforcer_[a-z_]+)`", page, re.MULTILINE))
    suffix = re.compile(r"_(bucket|sum|count|created)$")
    assert listed == {suffix.sub("", name) for name in samples(watch)}


# -- over HTTP ---------------------------------------------------------------------------------


def client(watch: ServiceWatch | None, peer: str = "127.0.0.1", **web: Any) -> TestClient:
    services = fake_services()
    settings = ServiceSettings(web=WebSettings(**web))
    app = create_app(services, [health.router, metrics.router])
    app.state.services = type(services)(**{**vars(services), "watch": watch, "settings": settings})
    return TestClient(app, client=(peer, 1234), raise_server_exceptions=False)


def test_who_may_read_the_numbers(watch: ServiceWatch) -> None:
    with capture_logs():
        near, far = client(watch), client(watch, "192.0.2.9")
        assert near.get("/metrics").status_code == 200
        passed_on = {"X-Forwarded-For": "127.0.0.1"}
        assert near.get("/metrics", headers=passed_on).status_code == 401
        assert far.get("/metrics").status_code == 401
        for role, status in (("viewer", 200), ("detector", 403)):
            token = {"Authorization": f"Bearer token-{role}"}
            assert far.get("/metrics", headers=token).status_code == status
        opened = client(watch, "192.0.2.9", metrics_open_to=("192.0.2.0/24",))
        answer = opened.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "enforcer_build_info" in answer.text


def test_its_routes_are_guarded_or_open() -> None:
    app = create_app(fake_services(), [health.router, metrics.router])
    found = {str(r.path_format): actions_of(r) for r in routes_of(app)}
    assert list(found["/metrics"]) == [Action.METRICS]
    assert not found["/healthz"] and not found["/readyz"]


def test_alive_and_ready(bench: Bench, watch: ServiceWatch, measures: Measures) -> None:
    with capture_logs():
        asked = client(watch, "192.0.2.9")
        assert asked.get("/healthz").text == "ok\n"
        assert asked.get("/readyz").status_code == 503, "nobody controls in this process"
        for role in (STANDING_BY, LEADING):
            measures.become(role)
            answer = asked.get("/readyz")
            assert (answer.status_code, answer.json()) == (200, {"ready": True, "role": role})
        assert client(None).get("/readyz").status_code == 503
        assert client(None).get("/metrics").status_code == 404


def test_a_database_that_is_damaged_or_away_is_not_ready(
    bench: Bench, watch: ServiceWatch, measures: Measures
) -> None:
    measures.become(LEADING)
    assert watch.ready().ready
    break_it(bench.database)
    found = watch.ready()
    assert not found.ready and "alarms" in found.said
    with capture_logs():
        answer = client(watch).get("/readyz")
    assert answer.status_code == 503
    assert "alarms" not in answer.text, "strangers are not told"


def break_it(database: Database) -> None:
    """Drop a table behind the program's back."""
    import sqlite3
    from contextlib import closing

    assert database.path is not None
    with closing(sqlite3.connect(database.path)) as connection, connection:
        connection.execute(f"DROP TABLE {alarms.name}")
