# SPDX-License-Identifier: GPL-2.0-or-later
"""A picture of a page, packed smaller: flat colours want no filters, and fewer bytes a pixel."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
_BEGIN = b"\x89PNG\r\n\x1a\n"
_SHADES = 8
"""Neighbouring shades that become one, which nobody sees: what is left are fewer colours."""


def smaller(picture: bytes) -> bytes:
    """The same picture (8 bits a channel, no interlace) as a PNG without filters."""
    chunks = list(_chunks(picture))
    width, height, _, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    channels = {2: 3, 6: 4}[colour]
    packed = b"".join(body for name, body in chunks if name == b"IDAT")
    rows = _unfiltered(zlib.decompress(packed), width, height, channels)
    pixels = rows.reshape(height, width, channels)[:, :, :3]
    exact = np.unique(pixels.reshape(-1, 3), axis=0, return_counts=True)
    common = {_number(one) for one, many in zip(*exact, strict=True) if many > width // 2}
    palette, places = _palette(pixels, common)
    if len(palette) <= 256:
        header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
        body = places.astype(np.uint8).reshape(height, width)
        return _png(header, body, b"".join(bytes(one) for one in palette))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _png(header, pixels.reshape(height, width * 3), b"")


def _palette(pixels: Pixels, common: set[int]) -> tuple[list[tuple[int, ...]], Pixels]:
    """The commonest colours exactly, the others in coarser steps; which pixel has which."""
    flat = pixels.reshape(-1, 3).astype(np.int32)
    coarse = np.minimum(flat // _SHADES * _SHADES + _SHADES // 2, 255)
    keys = (flat << np.array([16, 8, 0])).sum(axis=1)
    kept = np.isin(keys, list(common))
    chosen = np.where(kept[:, None], flat, coarse)
    colours, places, counts = np.unique(chosen, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-counts)[:256]
    nearest = np.array(
        [order[np.abs(colours[order] - one).sum(axis=1).argmin()] for one in colours]
    )
    at = {int(colour): place for place, colour in enumerate(order)}
    return [tuple(int(v) for v in colours[one]) for one in order], np.array(
        [at[int(one)] for one in nearest]
    )[places.reshape(-1)]


def _number(colour: Pixels) -> int:
    red, green, blue = map(int, colour)
    return (red << 16) + (green << 8) + blue


def _unfiltered(stored: bytes, width: int, height: int, channels: int) -> Pixels:
    """The rows as they are seen (PNG, third edition, section 9.2)."""
    length = width * channels
    lines = np.frombuffer(stored, np.uint8).reshape(height, length + 1)
    found = np.zeros((height, length), np.uint8)
    above = bytes(length)
    for place in range(height):
        above = _row(int(lines[place, 0]), lines[place, 1:].tobytes(), above, channels)
        found[place] = np.frombuffer(above, np.uint8)
    return found


def _row(kind: int, line: bytes, above: bytes, channels: int) -> bytes:
    if kind == 0:
        return line
    if kind == 2:
        return (np.frombuffer(line, np.uint8) + np.frombuffer(above, np.uint8)).tobytes()
    row = bytearray(line)
    for place in range(len(row)):
        left = row[place - channels] if place >= channels else 0
        corner = above[place - channels] if place >= channels else 0
        row[place] = (row[place] + _guess(kind, left, above[place], corner)) & 255
    return bytes(row)


def _guess(kind: int, left: int, above: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 3:
        return (left + above) // 2
    first = left + above - corner
    distances = (abs(first - left), abs(first - above), abs(first - corner))
    return (left, above, corner)[distances.index(min(distances))]


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_BEGIN)
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += length + 12


def _png(header: bytes, rows: Pixels, palette: bytes) -> bytes:
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [(b"IHDR", header)]
    if palette:
        parts.append((b"PLTE", palette))
    parts += [(b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    return _BEGIN + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )
