"""Identifiers: derived from what caused them wherever a retry must meet the same thing again."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any


def derive(kind: str, *parts: object) -> str:
    """``kind_`` and 24 hex characters that depend only on the parts: the same cause gives the same id."""
    text = "\x1f".join([kind, *map(str, parts)])
    return f"{kind}_{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def fresh(kind: str) -> str:
    """A new random id; only for the edges (a form post, a request without a key)."""
    return f"{kind}_{os.urandom(12).hex()}"


def digest_of(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON of a value; the same content gives the same digest."""
    return hashlib.sha256(_canonical(value).encode()).hexdigest()


_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode
