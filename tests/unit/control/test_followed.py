# SPDX-License-Identifier: GPL-2.0-or-later
"""A pass relies on what was read last of the database, and notices what was decided since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enforcer.control.facts import Outcome
from enforcer.control.followed import Following, Seen
from enforcer.core.device_control import DeviceControl
from enforcer.errors import StaleState
from tests.unit.control.desk import ANN, Desk, block

OTHER = "198.51.100.77"


def look(desk: Desk) -> Seen:
    """As the controller does when it is rung."""
    with desk.database.read() as reader:
        position, digest = reader.audit.head()
        seen = Seen(position, digest, reader.device_controls.all())
    desk.evidence.following.tell(seen)
    return seen


def pause(desk: Desk) -> None:
    """Another process does."""
    with desk.database.write() as work:
        work.record("device.paused", ANN, at=desk.time.now(), device="edge1", payload={})
        control = replace(work.device_controls.get("edge1"), paused=True, paused_by="ann")
        work.device_controls.save("edge1", control)


def something_else(desk: Desk) -> None:
    with desk.database.write() as work:
        work.record("feed.fetched", ANN, at=desk.time.now(), payload={})


@pytest.fixture
def proved(desk: Desk) -> Desk:
    desk.place()
    desk.run()
    # Who proved the device first was decided by this process: a look must be later than that.
    something_else(desk)
    return desk


def test_what_was_read_with_the_orders_is_not_asked_for_again(proved: Desk) -> None:
    seen = look(proved)
    told = replace(seen, controls={"edge1": DeviceControl(paused=True, paused_by="bob")})
    proved.evidence.following.tell(told)
    proved.place(block(f"{OTHER}/32"))
    assert proved.quick().outcome is Outcome.HELD


def test_what_somebody_decided_meanwhile_stops_the_write(proved: Desk) -> None:
    proved.place(block(f"{OTHER}/32"))
    look(proved)
    pause(proved)
    with pytest.raises(StaleState, match="decided"):
        proved.quick()
    assert not proved.drops(OTHER)
    assert proved.open_intents() == []
    look(proved)
    assert proved.run().outcome is Outcome.HELD


def test_what_else_happens_meanwhile_stops_nothing(proved: Desk) -> None:
    proved.place(block(f"{OTHER}/32"))
    look(proved)
    something_else(proved)
    assert proved.quick().outcome is Outcome.APPLIED
    assert proved.drops(OTHER)


def test_the_mark_names_a_position_of_the_chain_that_is_committed(proved: Desk) -> None:
    seen = look(proved)
    something_else(proved)
    mark = proved.evidence.mark(proved.owner)
    assert mark.position == seen.position
    assert mark.digest == proved.evidence.digest_at(seen.position)


def test_what_this_process_decides_is_not_overruled_by_an_older_look() -> None:
    following = Following()
    older, newer = Seen(7, b"", {}), Seen(9, b"", {})
    following.tell(older)
    following.decided(8)
    assert following.seen is None
    following.tell(older)
    assert following.seen is None
    following.tell(newer)
    assert following.seen is newer
