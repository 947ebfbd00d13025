# SPDX-License-Identifier: GPL-2.0-or-later
"""Long answers, line by line.

They are written to a temporary file first: a snapshot of the database belongs to one thread,
must not stay open for as long as a client takes to read, and an error in the middle must still
become a problem instead of an answer that ends early.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import IO

from fastapi.responses import Response, StreamingResponse

_IN_MEMORY = 4 * 1024 * 1024
_CHUNK = 256 * 1024


def lines_response(lines: Iterable[str], media_type: str) -> Response:
    """All of `lines`, each ended by a newline. Raises what they raise."""
    spool: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - `_chunks` closes it
    try:
        for line in lines:
            spool.write(line.encode() + b"\n")
        length = spool.tell()
        spool.seek(0)
    except BaseException:
        spool.close()
        raise
    # Told, so that who is cut off in the middle can see it.
    headers = {"Content-Length": str(length)}
    return StreamingResponse(_chunks(spool), headers=headers, media_type=media_type)


def _chunks(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while chunk := spool.read(_CHUNK):
            yield chunk
