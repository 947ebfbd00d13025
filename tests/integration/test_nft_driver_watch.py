# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel says about changes, and that none of it is mistaken for somebody else's."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from enforcer.core.rules import NO_END, Key, Rule
from enforcer.driver_api import DeviceEvent, EventKind, Watch
from enforcer.errors import DeviceUnreachable, StaleState
from tests.integration.nft_kernel import kernel_pid
from tests.integration.nft_router import (
    Router,
    bound,
    columns,
    desired,
    members,
    namespaces,
    routers,
)

pytestmark = pytest.mark.root

SOURCE = Rule(4, Key.SOURCE)
WANTED = desired({SOURCE: members(("198.51.100.7", NO_END, 1))})
H = f"h{SOURCE.digest}_a"


@pytest.fixture
def router(root: None) -> Iterator[Router]:
    with routers() as made:
        made.apply(WANTED)
        yield made


@pytest.fixture
def watch(router: Router) -> Iterator[Watch]:
    with router.driver.watch() as opened:
        yield opened


def test_a_foreign_change_of_ours_names_its_author(router: Router, watch: Watch) -> None:
    before = router.session.fingerprint().token
    command = f"delete element inet enforcer {H} {{ 198.51.100.7 }}"
    inside = ["ip", "netns", "exec", router.namespace, "nft", command]
    with subprocess.Popen(inside) as author:
        assert author.wait() == 0
    told = next(watch.events())
    assert replace(told, touched=None) == DeviceEvent(
        EventKind.CHANGED,
        f"elements deleted from set {H}",
        f"nft, pid {kernel_pid(author.pid, told.writer)}",
        before,
        router.session.fingerprint().token,
    )


def test_a_foreign_table_is_none_of_ours(router: Router, watch: Watch) -> None:
    tokens = [router.session.fingerprint().token]
    told = watch.events()
    for commands in ("add table inet theirs", "add set inet theirs enforcer { type ipv4_addr; }"):
        router.nft(commands)
        event = next(told)
        tokens.append(router.session.fingerprint().token)
        assert event.kind is EventKind.UNTOUCHED
        assert (event.before, event.token) == tuple(tokens[-2:])


def test_our_own_writes_are_known_as_such(router: Router, watch: Watch) -> None:
    router.apply(desired({}))
    assert next(watch.events()).kind is EventKind.OWN


def test_a_big_write_of_ours_is_not_listened_to(router: Router, watch: Watch) -> None:
    many = desired({SOURCE: columns([(20 << 24) + 3 * n for n in range(3_000)], 1)})
    router.apply(many)
    router.nft(f"delete element inet enforcer {H} {{ 20.0.0.3 }}")
    told = next(watch.events())
    assert (told.kind, told.what) == (EventKind.CHANGED, f"elements deleted from set {H}")


def test_somebody_else_is_not_missed_beside_a_big_write(router: Router, watch: Watch) -> None:
    many = desired({SOURCE: columns([(20 << 24) + 3 * n for n in range(3_000)], 1)})
    actual, drift = router.look(many)
    router.nft(f"delete element inet enforcer {H} {{ 198.51.100.7 }}")
    (batch,) = router.driver.plan(many, drift, actual).batches
    with pytest.raises(StaleState):
        router.session.stage(batch)
    assert next(watch.events()).kind is EventKind.CHANGED
    router.apply(many)


def test_another_controller_in_this_process_is_not_us(router: Router, watch: Watch) -> None:
    other = bound(router.namespace)
    with other.connect() as session:
        Router(router.namespace, other, session).apply(desired({}))
    assert next(watch.events()).kind is EventKind.CHANGED


def test_what_is_seen_to_be_foreign_makes_nothing_stale(router: Router, watch: Watch) -> None:
    """A busy neighbour must not cost a full read for each of our writes."""
    actual, drift = router.look(desired({}))
    (batch,) = router.driver.plan(desired({}), drift, actual).batches
    told = watch.events()
    for number in range(3):
        router.nft(f"add table ip theirs{number}")
        assert next(told).kind is EventKind.UNTOUCHED
    staged = router.session.stage(batch)
    assert staged.token == router.session.fingerprint().token
    actual, drift = router.look(WANTED)
    (batch,) = router.driver.plan(WANTED, drift, actual).batches
    router.nft("delete table ip theirs0")
    with pytest.raises(StaleState):
        router.session.stage(batch)


def test_a_change_among_foreign_ones_is_stale(router: Router, watch: Watch) -> None:
    actual, drift = router.look(desired({}))
    (batch,) = router.driver.plan(desired({}), drift, actual).batches
    told = watch.events()
    for commands in ("add table ip a", f"flush set inet enforcer {H}", "add table ip b"):
        router.nft(commands)
        next(told)
    with pytest.raises(StaleState):
        router.session.stage(batch)


def test_many_changes_at_once_are_told_shortly(router: Router, watch: Watch) -> None:
    router.nft("delete table inet enforcer")
    told = next(watch.events())
    assert told.kind is EventKind.CHANGED
    assert "more" in told.what
    assert len(told.what) < 200


def test_waiting_ends_when_somebody_closes(watch: Watch) -> None:
    threading.Timer(0.1, watch.close).start()
    assert list(watch.events()) == []
    watch.close()


def test_a_rebuilt_namespace_ends_the_watch(root: None) -> None:
    with namespaces() as name, bound(name).watch() as watch:
        subprocess.run(["ip", "netns", "delete", name], check=True)
        subprocess.run(["ip", "netns", "add", name], check=True)
        told = list(watch.events())
        assert [event.kind for event in told] == [EventKind.LOST]
        assert "rebuilt" in told[0].what


def test_a_missing_namespace_cannot_be_watched(root: None) -> None:
    with pytest.raises(DeviceUnreachable):
        bound("no-such-namespace").watch().__enter__()
