# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that browsers fetch once: their names carry a digest of what is in them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
_DIGITS = 12

router = APIRouter(include_in_schema=False)


@lru_cache(maxsize=1)
def _files() -> dict[str, tuple[bytes, str]]:
    """Content and media type by public name."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:_DIGITS]
        found[f"{path.stem}.{digest}{path.suffix}"] = (content, _TYPES[path.suffix])
    return found


@lru_cache(maxsize=32)
def address_of(name: str) -> str:
    """Where browsers find the file `name`; KeyError for one that is not there."""
    stem, _, suffix = name.rpartition(".")
    for public in _files():
        if public.startswith(f"{stem}.") and public.endswith(f".{suffix}"):
            return f"/static/{public}"
    raise KeyError(name)


@router.get("/static/{name}")
def static_file(name: str) -> Response:
    """One file; it never changes under its name."""
    if name not in _files():
        raise HTTPException(404, "no such file")
    content, media_type = _files()[name]
    headers = {"cache-control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=media_type, headers=headers)
