"""One conversation turn: who speaks, what was said, thinking, the reply, takeover by a person. Not for protocol words."""

from assistant.dialogue import tables

__all__ = ["tables"]
