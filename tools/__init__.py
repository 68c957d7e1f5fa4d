"""What the agent can do: one thin module per room, bound to the caller before the model sees them. Not for rules."""

from tools.context import ToolContext
from tools.toolbox import GROUP, MEMBER, toolbox_for

__all__ = ["GROUP", "MEMBER", "ToolContext", "toolbox_for"]
