# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists at the desk: versions, what was rejected, importing with a look first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from enforcer.api.middleware import LARGEST_LIST
from enforcer.application.actor import Actor
from enforcer.application.commands import ImportList
from tests.unit.web.sitting import Sitting


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def sitting() -> Sitting:
    """With a list of two versions; of the first a line was rejected."""
    made = Sitting("abuse")
    for text in ("192.0.2.1\nfoo\n", "192.0.2.1\n192.0.2.2\n"):
        command = ImportList(name="bots", text=text, source="a feed")
        made.application.import_list(Actor("ann", "cli"), command)
    made.application.calls.clear()
    return made


def commands(sitting: Sitting) -> list[ImportList]:
    return [one for one in sitting.called("import_list") if isinstance(one, ImportList)]


def test_lists_and_versions(sitting: Sitting) -> None:
    assert 'href="/lists/bots"' in sitting.page("/lists")
    text = sitting.page("/lists/bots")
    assert "current" in text
    assert 'href="/lists/bots/rejects?version=1"' in text
    assert 'href="/lists/bots/diff?old=1&amp;new=2"' in text
    assert "No lists yet" in Sitting().page("/lists")
    sitting.page("/lists/nope", 404)


def test_what_is_wrong_with_a_list_is_its_state(sitting: Sitting) -> None:
    views = sitting.application.list_views
    feed = {"feed": "https://feeds.example/bots", "problem": "404 Not Found"}
    views["bots"] = views["bots"].model_copy(update=feed)
    assert "cannot be fetched" in sitting.page("/lists")
    text = sitting.page("/lists/bots")
    assert "404 Not Found" in text
    assert "Fetch it now" in text
    views["bots"] = views["bots"].model_copy(update={"problem": None, "stale": True})
    assert "stale" in sitting.page("/lists")


def test_rejected_lines_and_differences(sitting: Sitting) -> None:
    assert "line 2" in sitting.page("/lists/bots/rejects?version=1")
    assert "Nothing was rejected" in sitting.page("/lists/bots/rejects")
    text = sitting.page("/lists/bots/diff")
    assert "Version 2 against 1" in text
    assert "+ 192.0.2.0/24" in text
    assert "− 198.51.100.0/25" in text
    sitting.page("/lists/bots/diff?old=x", 404)


def test_an_import_is_looked_at_before_it_is_stored(sitting: Sitting) -> None:
    form = {"name": "fresh", "text": "192.0.2.9\nbad\n", "from": "mail"}
    looked = sitting.post("/import-list", form)
    assert looked.status_code == 200
    assert "fresh would have 1 entry" in looked.text
    assert "1 line would be rejected" in looked.text
    assert commands(sitting)[-1].dry_run
    assert sitting.done("/import-list", {**form, "store": "1"}) == "/lists/fresh"
    stored = commands(sitting)[-1]
    assert (stored.dry_run, stored.source, stored.text) == (False, "mail", "192.0.2.9\nbad\n")


def test_a_list_may_be_called_import(sitting: Sitting) -> None:
    form = {"name": "import", "text": "192.0.2.9\n", "store": "1"}
    assert sitting.done("/import-list", form) == "/lists/import"
    assert "<h1>import</h1>" in sitting.page("/lists/import")


def test_a_long_text_is_taken_pasted_and_as_a_file(sitting: Sitting) -> None:
    many = "192.0.2.1\n# " + "x" * 2_000_000
    form = {"csrf": "csrf-abuse", "name": "long", "text": many}
    # As a browser sends a form that has a field for files, though none was chosen.
    files = {"file": ("", b"", "application/octet-stream")}
    pasted = sitting.client().post("/import-list", data=form, files=files)
    assert "long would have 1 entry" in pasted.text
    assert many in pasted.text, "it can be sent again from this page"
    assert "file would have 1 entry" in uploaded(sitting, many.encode())
    assert [command.text for command in commands(sitting)] == [many, many]


def test_what_is_longer_than_the_api_takes_is_refused(sitting: Sitting) -> None:
    form = {"csrf": "csrf-abuse", "name": "long", "text": ""}
    headers = {"content-length": str(LARGEST_LIST + 1)}
    files = {"file": ("bots.txt", b"192.0.2.1", "text/plain")}
    answer = sitting.client().post("/import-list", data=form, files=files, headers=headers)
    assert answer.status_code == 413
    assert commands(sitting) == []


def test_what_is_missing_is_told_beside_the_field(sitting: Sitting) -> None:
    answer = sitting.post("/import-list", {"name": "", "text": ""})
    assert answer.status_code == 422
    assert "give the list a name" in answer.text
    assert "paste the addresses" in answer.text
    assert commands(sitting) == []


def test_an_empty_list_needs_a_box_that_is_shown_then(sitting: Sitting) -> None:
    assert 'name="shrink"' not in sitting.page("/import-list")
    answer = sitting.post("/import-list", {"name": "bots", "text": "# nothing"})
    assert answer.status_code == 422
    assert 'name="shrink"' in answer.text
    assert "--confirm-shrink" not in answer.text
    again = sitting.post("/import-list", {"name": "bots", "text": "# nothing", "shrink": "1"})
    assert again.status_code == 200


def uploaded(sitting: Sitting, content: bytes) -> str:
    form = {"csrf": "csrf-abuse", "name": "file", "text": ""}
    files = {"file": ("bots.txt", content, "text/plain")}
    text: str = sitting.client().post("/import-list", data=form, files=files).text
    return text


def test_a_file_is_taken_instead_of_the_text(sitting: Sitting) -> None:
    text = uploaded(sitting, b"\xef\xbb\xbf192.0.2.77\n")
    assert "file would have 1 entry" in text
    assert commands(sitting)[-1].text == "192.0.2.77\n"
    assert commands(sitting)[-1].source == "bots.txt"
    assert "the file is no UTF-8 text" in uploaded(sitting, b"\xff\xfe\x00")


def test_a_long_file_is_not_put_into_the_page(sitting: Sitting) -> None:
    text = uploaded(sitting, b"192.0.2.1\n# " + b"x" * 4_000_000)
    assert "file would have 1 entry" in text
    assert "choose it once more" in text
    assert len(text) < 50_000


def test_a_list_is_fetched_now(sitting: Sitting) -> None:
    assert sitting.done("/lists/bots/refresh", {"shrink": "1"}) == "/lists/bots"
    assert sitting.called("list_refresh") == [("bots", True)]
