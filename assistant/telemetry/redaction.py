"""What must never stand in a log: secrets by key and by value, phone numbers, and what people wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
_SECRET_KEY = re.compile(r"secret|token|password|passwd|api_?key|aes_?key|authorization|cookie|credential", re.IGNORECASE)
_BODY_KEY = re.compile(r"^(text|body|content|message|messages|prompt|reply|question|remark|nickname|raw)$", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_IN_URL = re.compile(r"((?:access_token|corpsecret|secret|token|key)=)[^&\s\"']+", re.IGNORECASE)
_LOGIN = re.compile(r"(://[^/\s:@]+:)[^/\s@]+@")
SHORTEST_SECRET = 6
"""Shorter values would blot out ordinary words."""


class Redactor:
    """Blots out registered values and known shapes in anything that can be logged."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def register(self, secret: str) -> None:
        """From now on this value is shown as ***."""
        if len(secret) >= SHORTEST_SECRET:
            self._secrets.add(secret)

    def text(self, value: str) -> str:
        """The text with secrets, phone numbers and credentials in addresses blotted out."""
        for secret in self._secrets:
            value = value.replace(secret, MASK)
        value = _IN_URL.sub(rf"\g<1>{MASK}", value)
        value = _LOGIN.sub(rf"\g<1>{MASK}@", value)
        return _PHONE.sub(r"\g<1>****\g<2>", value)

    def value(self, value: Any, *, bodies: bool = False) -> Any:
        """The same shape without what must not be shown; ``bodies`` keeps message texts (DEBUG only)."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(key): self._entry(str(key), item, bodies) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(item, bodies=bodies) for item in value]
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, int):
            shown = self.text(str(value))
            return value if shown == str(value) else shown
        return self.text(str(value))

    def _entry(self, key: str, item: Any, bodies: bool) -> Any:
        if _SECRET_KEY.search(key) and not isinstance(item, (bool, int)):
            return MASK if item else item
        if not bodies and _BODY_KEY.match(key) and item:
            return f"[{len(item)}]" if isinstance(item, (str, list, tuple, dict)) else "[…]"
        return self.value(item, bodies=bodies)


_HOUSE = Redactor()


def register_secret(*values: str) -> None:
    """Blots these values out of every log line of the process."""
    for value in values:
        _HOUSE.register(value)


def redact(text: str) -> str:
    """The text as it may be logged."""
    return _HOUSE.text(text)


def house() -> Redactor:
    """The redactor of the process."""
    return _HOUSE
