# SPDX-License-Identifier: GPL-2.0-or-later
"""The script that FastNetMon runs: as a program, against a server on loopback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from enforcer.core.signals import Evidence, Part, Status
from enforcer.errors import InvalidInput
from enforcer.intake.fastnetmon import read_fastnetmon
from enforcer.intake.fastnetmon_notify import VARIABLE, drained, event_of, notify
from tests.fakes.clock import FakeClock

TEXT = b"IP: 192.0.2.7\nAttack type: syn_flood\nAttack direction: incoming\n"


class Impatient(FakeClock):
    """Sleeping is over at once."""

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)


class Server:
    """Keeps what was posted; answers with the given codes, then with 202."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[str, str, Any]] = []
        outer = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((self.path, self.headers["Authorization"], json.loads(body)))
                self.send_response(outer.answers.pop(0) if outer.answers else 202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                return

        self.http = HTTPServer(("127.0.0.1", 0), Answering)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    (tmp_path / "token").write_text("enf_secret\n")
    config = tmp_path / "notify.toml"
    config.write_text(f'url = "{server.url}/"\ntoken_file = "token"\n')
    monkeypatch.setenv(VARIABLE, str(config))
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def test_as_fastnetmon_runs_it(server: Server) -> None:
    """The input is much longer than a pipe holds: FastNetMon must not get SIGPIPE."""
    done = subprocess.run(
        [sys.executable, "-m", "enforcer.intake.fastnetmon_notify"]
        + ["192.0.2.7", "incoming", "54321", "ban"],
        input=TEXT + b"x" * 1_000_000,
        capture_output=True,
        env=dict(os.environ),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    ((path, authorization, event),) = server.got
    assert (path, authorization) == ("/api/v1/in/fastnetmon", "Bearer enf_secret")
    (signal,) = read_fastnetmon(json.dumps(event).encode())
    assert (str(signal.target), signal.part) == ("192.0.2.7/32", Part.VICTIM)


def test_the_input_is_read_to_its_end() -> None:
    stream = io.BytesIO(b"x" * 1_000_000)
    assert len(drained(stream)) == 16_384 and stream.read() == b""


def test_ban_and_unban_meet() -> None:
    ban = event_of(["192.0.2.7", "outgoing", "9", "ban"], TEXT)
    over = event_of(["192.0.2.7", "outgoing", "0", "unban"], b"")
    (first,) = read_fastnetmon(json.dumps(ban).encode())
    (second,) = read_fastnetmon(json.dumps(over).encode())
    assert first.key == second.key and second.status is Status.RESOLVED
    assert (first.part, first.evidence) == (Part.SOURCE, Evidence.UNKNOWN)


def test_json_on_the_input_is_told_as_it_is() -> None:
    event = {"action": "ban", "ip": "192.0.2.7", "attack_details": {"attack_uuid": "u"}}
    assert event_of([], json.dumps(event).encode()) == event
    details = {"incoming_udp_pps": 5}
    told = event_of(["192.0.2.7", "incoming", "5", "ban"], json.dumps(details).encode())
    assert told is not None and told["attack_details"]["incoming_udp_pps"] == 5


def test_details_after_a_ban_are_left_out() -> None:
    assert event_of(["192.0.2.7", "incoming", "5", "attack_details"], TEXT) is None


@pytest.mark.parametrize("arguments", [[], ["192.0.2.7"], ["192.0.2.7", "incoming", "5", "dance"]])
def test_wrong_use_says_how(arguments: list[str]) -> None:
    with pytest.raises(InvalidInput, match="usage"):
        event_of(arguments, b"{broken")


def test_it_tries_again_while_the_server_is_busy(server: Server) -> None:
    server.answers = [503, 429]
    clock = Impatient()
    assert notify(["192.0.2.7", "incoming", "5", "ban"], io.BytesIO(TEXT), clock) == 0
    assert len(server.got) == 3 and clock.monotonic() == 6


def test_a_refusal_is_told_at_once(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers = [403]
    assert notify(["192.0.2.7", "incoming", "5", "ban"], io.BytesIO(TEXT), Impatient()) == 1
    assert len(server.got) == 1
    said = capsys.readouterr().err
    assert "refused" in said and "enf_secret" not in said


def test_a_server_that_stays_away_is_told(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers = [503] * 9
    assert notify(["192.0.2.7", "incoming", "5", "ban"], io.BytesIO(TEXT), Impatient()) == 1
    assert "did not take it: 503" in capsys.readouterr().err


def test_missing_settings_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "notify.toml"
    monkeypatch.setenv(VARIABLE, str(config))
    for content, said in ((None, "No such file"), ('url = "http://x"', "token_file"), ("=", "")):
        if content is not None:
            config.write_text(content)
        assert notify(["192.0.2.7", "incoming", "5", "ban"], io.BytesIO(TEXT), Impatient()) == 1
        assert str(config) in capsys.readouterr().err and said is not None
