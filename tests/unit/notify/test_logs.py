# SPDX-License-Identifier: GPL-2.0-or-later
"""Logs are JSON lines, with what they are about bound; libraries' lines too, without addresses."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from enforcer.notify.logs import open_log
from tests.unit.notify.notice_bench import Bench


@pytest.fixture
def unchanged() -> Iterator[None]:
    """What is configured here is not what other tests get."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    levels = {n: logging.getLogger(n).level for n in ("uvicorn", "uvicorn.error", "httpx")}
    before = structlog.get_config()
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(**before)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.usefixtures("unchanged")
def test_lines_of_ours_the_server_s_and_a_library_s(capsys: pytest.CaptureFixture[str]) -> None:
    open_log("json", "info")
    open_log("json", "info")
    with structlog.contextvars.bound_contextvars(request="r1"):
        structlog.get_logger().info("pass", device="edge1")
        logging.getLogger("uvicorn.error").info("Started server on %s", "port 1")
    logging.getLogger("httpx").info("POST https://hooks.example.net/t0ken")
    logging.getLogger("paramiko").debug("noise")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("somewhere").exception("it broke")
    ours, server, library = lines(capsys)
    assert (ours["event"], ours["device"], ours["request"]) == ("pass", "edge1", "r1")
    assert (server["event"], server["library"], server["request"]) == (
        "Started server on port 1",
        "uvicorn.error",
        "r1",
    )
    assert library["level"] == "error" and "ValueError: broken" in str(library["exception"])


@pytest.mark.usefixtures("unchanged")
def test_what_happens_to_an_order_is_a_line_with_its_id(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    open_log("json", "info")
    (order,) = bench.place()
    bench.following.look()
    (told,) = [line for line in lines(capsys) if line["event"] == "told"]
    assert (told["name"], told["order"]) == ("order.placed", order.id)
