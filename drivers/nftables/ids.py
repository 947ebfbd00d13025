# SPDX-License-Identifier: GPL-2.0-or-later
"""Order ids for whole columns: `enforcer.core.orders.order_id` and its inverse. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from enforcer.core.orders import order_id, order_number
from enforcer.core.rules import Integers

_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", np.uint8)
_VALUE = np.full(256, -1, np.int64)
_VALUE[_ALPHABET] = np.arange(32)
_DIGITS = 8
_MIN_DIGITS = 4
_WIDTH = _DIGITS + 2
_FEW = 64
_WEIGHTS = 32 ** np.arange(_DIGITS - 1, -1, -1)


def encode_orders(numbers: Integers) -> NDArray[np.bytes_]:
    """The printed ids of order numbers, shape (N,), dtype S10; every number 1..32^8-1."""
    if len(numbers) < _FEW:
        return np.array([order_id(n).encode() for n in numbers.tolist()], f"S{_WIDTH}")
    distinct, which = np.unique(numbers, return_inverse=True)
    return _encode(distinct)[which]


def _encode(numbers: Integers) -> NDArray[np.bytes_]:
    values = (numbers[:, None] // _WEIGHTS) % 32
    significant = np.maximum(_DIGITS - np.argmax(values > 0, axis=1), _MIN_DIGITS)
    texts = np.zeros((len(numbers), _WIDTH), np.uint8)
    checks = _check(values)
    for digits in np.unique(significant).tolist():
        rows = np.flatnonzero(significant == digits)
        texts[rows, :digits] = _ALPHABET[values[rows, _DIGITS - digits :]]
        texts[rows, digits] = ord("-")
        texts[rows, digits + 1] = _ALPHABET[checks[rows]]
    return texts.view(f"S{_WIDTH}").ravel()


def _check(values: Integers) -> Integers:
    """Luhn mod 32 check values of digits, most significant first; leading zeros add nothing."""
    doubled = values.copy()
    doubled[:, 1::2] *= 2
    checks: Integers = -(doubled // 32 + doubled % 32).sum(axis=1) % 32
    return checks


def decode_orders(texts: tuple[str, ...]) -> Integers:
    """The numbers behind ids as this controller prints them; -1 for every other text."""
    if len(texts) < _FEW:
        return np.array([_decode_one(text) for text in texts], np.int64).reshape(-1)
    packed = np.array([t.encode() if t.isascii() else b"" for t in texts], np.bytes_)
    numbers = np.full(len(texts), -1, np.int64)
    if packed.dtype.itemsize > _WIDTH:
        packed = np.where(np.char.str_len(packed) > _WIDTH, b"", packed).astype(f"S{_WIDTH}")
    raw = np.zeros((len(texts), _WIDTH), np.uint8)
    width = packed.dtype.itemsize
    raw[:, :width] = np.ascontiguousarray(packed).view(np.uint8).reshape(len(texts), width)
    lengths = np.char.str_len(packed)
    for digits in range(_MIN_DIGITS, _DIGITS + 1):
        rows = np.flatnonzero(lengths == digits + 2)
        values = np.zeros((len(rows), _DIGITS), np.int64)
        values[:, _DIGITS - digits :] = _VALUE[raw[rows, :digits]]
        check = _VALUE[raw[rows, digits + 1]]
        canonical = (digits == _MIN_DIGITS) | (values[:, _DIGITS - digits] > 0)
        right = (values >= 0).all(axis=1) & (raw[rows, digits] == ord("-"))
        right &= (_check(values) == check) & canonical
        found = (values * _WEIGHTS).sum(axis=1)
        numbers[rows] = np.where(right & (found > 0), found, -1)
    return numbers


def _decode_one(text: str) -> int:
    number = order_number(text)
    return number if number is not None and order_id(number) == text else -1
