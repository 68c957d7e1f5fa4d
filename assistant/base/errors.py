"""The six kinds of error; the kind says what the caller does next.

``say`` is one Chinese sentence that is safe to show to a person; ``code`` is a stable slug for machines and tests;
``detail`` holds values for the log and the console (never secrets).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any


class LaoyouError(Exception):
    """Base of the six kinds; never raised itself."""

    def __init__(self, say: str, *, code: str = "", **detail: Any) -> None:
        super().__init__(say)
        self.say = say
        self.code = code or type(self).__name__.lower()
        self.detail = detail


class Invalid(LaoyouError):
    """The input is malformed: correct it and ask again. Nothing was changed."""


class Refused(LaoyouError):
    """A business rule says no; ``say`` is the sentence to tell the person."""


class Forbidden(LaoyouError):
    """This principal may not do this."""


class Conflict(LaoyouError):
    """The same key came with other input, or the thing has changed since it was read."""


class Transient(LaoyouError):
    """It may work later; ``retry_at`` (UTC) says when, None leaves it to the caller's own pace."""

    def __init__(self, say: str, *, retry_at: datetime | None = None, code: str = "", **detail: Any) -> None:
        super().__init__(say, code=code, **detail)
        self.retry_at = retry_at


class Broken(LaoyouError):
    """Something of ours or of a supplier is wrong and a person must look at it."""
