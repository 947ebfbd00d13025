# SPDX-License-Identifier: GPL-2.0-or-later
"""The runner's control socket: a command inside the lab asks for a node to be rebuilt.

One JSON object per line each way, over a Unix stream socket in the private root's ``/run``:
``{"do": "reboot", "node": NAME}`` is answered by ``{"pid": PID}`` or ``{"error": TEXT}``.
"""

import json
import socket
import socketserver
import threading
from pathlib import Path

from lab.errors import LabError, NotInLab
from lab.running import RunningLab

CONTROL_SOCKET = Path("/run/clabns/control.sock")
REBOOT_TIMEOUT = 60.0


def serve(lab: RunningLab, path: Path = CONTROL_SOCKET) -> socketserver.BaseServer:
    """Answers requests in the background until ``shutdown`` of the result."""

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer = _answer(lab, self.rfile.readline())
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    server = socketserver.ThreadingUnixStreamServer(str(path), Conversation)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="control", daemon=True).start()
    return server


def ask_reboot(node: str, path: Path = CONTROL_SOCKET) -> int:
    """Asks the runner to rebuild a node; returns the pid of its new first process.

    Raises:
        NotInLab: no runner answers here.
        LabError: the runner could not do it, in its words.
    """
    with socket.socket(socket.AF_UNIX) as conversation:
        conversation.settimeout(REBOOT_TIMEOUT)
        try:
            conversation.connect(str(path))
        except OSError as error:
            raise NotInLab(
                f"no lab runner answers at {path}: {error.strerror}; run this inside "
                "`python -m lab.clabns TOPOLOGY -- COMMAND`"
            ) from error
        conversation.sendall(json.dumps({"do": "reboot", "node": node}).encode() + b"\n")
        line = conversation.makefile("rb").readline()
    answer = json.loads(line) if line else {"error": "the runner hung up"}
    if "error" in answer:
        raise LabError(answer["error"])
    return int(answer["pid"])


def _answer(lab: RunningLab, line: bytes) -> dict[str, object]:
    try:
        request = json.loads(line)
        if request.get("do") != "reboot":
            return {"error": f"unknown request {request!r}; this runner knows: reboot"}
        return {"pid": lab.reboot(str(request.get("node")))}
    except (LabError, ValueError, AttributeError) as error:
        return {"error": str(error)}
