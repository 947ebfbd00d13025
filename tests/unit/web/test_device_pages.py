# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages about devices: states, what differs, and every decision about one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from enforcer.application.actor import Actor
from enforcer.application.views import DevicePreview, EventView, Preview
from enforcer.core.device_status import table
from enforcer.errors import DeviceUnreachable
from enforcer.web.device_history import told
from enforcer.web.devices import SENTENCES, urgency
from tests.fakes.application import FakeApplication
from tests.fakes.views import NOW, a_device, a_drift, a_pass
from tests.unit.web.sitting import Sitting


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def test_every_state_has_its_sentence_and_place() -> None:
    states = [word for word, _ in table()]
    assert set(states) == set(SENTENCES)
    placed = sorted((a_device("edge1", state) for state in states), key=urgency)
    assert placed[-1].status == "ok"
    assert {urgency(device)[0] for device in placed} == set(range(len(states)))


def test_devices_that_need_somebody_come_first() -> None:
    sitting = Sitting("viewer")
    text = sitting.page("/devices")
    assert text.index("/devices/edge2") < text.index("/devices/edge1")
    assert "away" in text
    only = sitting.page("/devices?view=watch")
    assert "/devices/edge2" in only
    assert 'href="/devices/edge1"' not in only


def test_the_list_of_devices_when_it_is_empty_or_nothing_fits() -> None:
    sitting = Sitting()
    assert "No device fits" in sitting.page("/devices?q=no-such")
    sitting.application.device_views = [a_device("edge1")]
    assert "Nothing needs a look" in sitting.page("/devices?view=watch")
    assert "No drift" in sitting.page("/drift")
    sitting.application.device_views = []
    assert "No devices yet" in sitting.page("/devices")
    assert "No devices yet" in sitting.page("/drift")


def test_a_device_tells_its_state_members_and_error() -> None:
    text = Sitting().page("/devices/edge2")
    assert "Failing" in text
    assert SENTENCES["failing"] in text
    assert "away" in text
    assert "1 000 004 entries desired" in text
    assert "There is nothing here" in Sitting().page("/devices/nowhere", 404)


def test_what_is_read_now_is_told_in_numbers_examples_and_findings() -> None:
    sitting = Sitting()
    drift = a_drift("edge1", missing=1, examples=["missing 192.0.2.7 of 0001-8"])
    sitting.application.drifts["edge1"] = drift.model_copy(update={"findings": ["extra hook"]})
    text = sitting.page("/devices/edge1/drift?fragment=1")
    assert "<html" not in text
    assert "1 missing" in text
    assert "1 structural" in text
    assert "missing 192.0.2.7 of 0001-8" in text
    assert "extra hook" in text
    assert "Nothing differs: 4 entries verified" in sitting.page("/devices/edge2/drift")


def test_a_device_that_does_not_answer_is_told_on_its_page() -> None:
    sitting = Sitting()
    sitting.application.unreachable = {"edge1"}
    for path in ("/devices/edge1/drift", "/devices/edge1/drift?fragment=1", "/devices/edge1/plan"):
        text = sitting.page(path)
        assert "It could not be read" in text
        assert "check its management address" in text


class _Planned(FakeApplication):
    """Its next pass would do something."""

    def device_plan(self, actor: Actor, name: str) -> Preview:
        """One command, and its undo."""
        planned = DevicePreview(
            device=name, adds=1, removes=0, commands=["add <b>"], undo=["delete <b>"]
        )
        return Preview(
            target=name,
            start=NOW,
            end=None,
            devices=[planned],
            customers=[],
            withheld=[],
            warnings=["edge1 is only observed: nothing of this is written"],
        )


def test_the_next_commands_are_native_with_the_way_back_and_escaped() -> None:
    text = Sitting(application=_Planned()).page("/devices/edge1/plan")
    assert "add &lt;b&gt;" in text
    assert "delete &lt;b&gt;" in text
    assert "only observed" in text
    assert "Nothing to do" in Sitting().page("/devices/edge1/plan")


def test_what_is_held_is_released_with_a_reason() -> None:
    sitting = Sitting()
    held = {"status": "braked", "held": "40 of 60 entries would go", "contested": []}
    sitting.application.device_views[0] = a_device("edge1").model_copy(update=held)
    assert 'href="/devices/edge1/release"' in sitting.page("/devices/edge1")
    for path in ("/devices/edge1", "/devices/edge1/release"):
        assert "40 of 60 entries would go" in sitting.page(path)
    assert "say why" in sitting.post("/devices/edge1/release", {"reason": " "}).text
    assert sitting.called("device_release") == []
    assert sitting.done("/devices/edge1/release", {"reason": "it moved"}) == "/devices/edge1"
    assert sitting.called("device_release") == [("edge1", "it moved")]


def test_what_is_contested_names_who_changes_it() -> None:
    sitting = Sitting()
    contested = {"status": "contested", "contested": ["rule 17, by vi, pid 4711"]}
    sitting.application.device_views[0] = a_device("edge1").model_copy(update=contested)
    for path in ("/devices", "/drift", "/devices/edge1"):
        assert "rule 17, by vi, pid 4711" in sitting.page(path)
    assert "Nothing is held on it now" in Sitting().page("/devices/edge1/release")


def test_a_device_is_paused_and_resumed() -> None:
    sitting = Sitting()
    sitting.done("/devices/edge1/pause", {"reason": "line card"})
    assert "by engineer: line card" in sitting.page("/devices/edge1")
    sitting.done("/devices/edge1/resume")
    assert "line card" not in sitting.page("/devices/edge1")


def test_a_mode_is_one_of_three() -> None:
    sitting = Sitting()
    assert sitting.post("/devices/edge1/mode", {"mode": "wild", "reason": "x"}).status_code == 422
    sitting.done("/devices/edge1/mode", {"mode": "observe", "reason": "new software"})
    assert sitting.called("device_mode") == [("edge1", "observe", "new software")]


def test_adopting_needs_the_box_and_retiring_the_name() -> None:
    sitting = Sitting()
    sitting.application.device_views[0] = a_device("edge1", "not-adopted")
    assert 'href="/devices/edge1/adopt"' in sitting.page("/devices/edge1?fragment=1")
    assert "no other installation steers this device" in sitting.page("/devices/edge1/adopt")
    assert sitting.post("/devices/edge1/adopt").status_code == 422
    wrong = {"reason": "scrap", "sure": "edge2"}
    assert sitting.post("/devices/edge1/retire", wrong).status_code == 422
    assert sitting.called("device_adopt") == sitting.called("device_retire") == []
    sitting.done("/devices/edge1/adopt", {"sure": "1"})
    sitting.done("/devices/edge1/retire", {"reason": "scrap", "sure": "edge1"})
    assert sitting.called("device_adopt") == ["edge1"]
    assert sitting.called("device_retire") == [("edge1", "scrap")]


def test_a_pass_now_tells_its_sentence() -> None:
    sitting = Sitting()
    sitting.application.passes["edge1"] = a_pass("edge1", "repaired")
    assert sitting.done("/devices/edge1/reconcile") == "/devices/edge1"
    sitting.application.fails = DeviceUnreachable("edge1", "no route")
    answer = sitting.post("/devices/edge1/reconcile")
    assert answer.status_code in (502, 504)


def an_entry(sequence: int, kind: str, **detail: object) -> EventView:
    return EventView(
        sequence=sequence,
        at=NOW,
        kind=kind,
        actor="controller",
        source="controller",
        subject=None,
        device="edge1",
        detail=detail,
    )


def test_a_write_is_told_with_its_outcome() -> None:
    entries = [
        an_entry(6, "device.intent", why="an order begins or ends", orders=["0001-8"]),
        an_entry(5, "device.outcome", intent=4, result="failed", said="no route"),
        an_entry(4, "device.intent", why="rung"),
        an_entry(3, "device.outcome", intent=2, result="applied", said="edge1: 1 added"),
        an_entry(2, "device.intent", why="drift: missing 192.0.2.7", writers=["vi"]),
        an_entry(1, "device.failing", said="no route"),
    ]
    writing, failed, repaired, failing = told(entries)
    assert (writing.title, writing.orders) == ("Being written", ("0001-8",))
    assert (failed.title, failed.said, failed.tone) == ("Not written", "no route", "bad")
    assert repaired.drift
    assert (repaired.title, repaired.why) == ("Drift repaired", "missing 192.0.2.7")
    assert (repaired.said, repaired.writers) == ("1 added", ("vi",))
    assert failing.title == "Failing"


def test_repairs_are_shown_on_the_page_of_drift_to_who_may_read_the_record() -> None:
    application = FakeApplication()
    application.entries = [
        an_entry(2, "device.intent", why="drift: missing 192.0.2.7", writers=["vi, pid 4711"]),
        an_entry(3, "device.outcome", intent=2, result="applied", said="edge1: 1 added"),
    ]
    text = Sitting("viewer", application).page("/drift")
    assert "Drift repaired" in text
    assert "vi, pid 4711" in text
    assert "vi, pid 4711" not in Sitting("detector", application).page("/drift", 403)


def test_a_live_part_holds_no_field_that_somebody_may_be_typing_in() -> None:
    sitting = Sitting()
    state = {"status": "braked", "held": "too much", "contested": ["a rule"], "paused": "by ann"}
    sitting.application.device_views[0] = a_device("edge1").model_copy(update=state)
    sitting.application.device_views[1] = a_device("edge2", "not-adopted")
    for path in ("/devices/edge1", "/devices/edge2", "/devices", "/drift", "/sources", "/alarms"):
        fields = sitting.page(f"{path}?fragment=1").replace('type="hidden"', "").split("<input")[1:]
        assert [field for field in fields if 'name="csrf"' not in field] == []
