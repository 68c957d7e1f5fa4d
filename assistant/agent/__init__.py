"""The language model's side: loop, toolbox, guard, models, the built-in planner. Knows nothing of the business."""

from assistant.agent.agreement import decided
from assistant.agent.budget import Breaker, Budget, MemoryBudget, Meter
from assistant.agent.loop import Grown, think, think_safely
from assistant.agent.model import close_model, open_model, open_planner
from assistant.agent.toolbox import Call, Confirmation, Effect, Tool, Toolbox, ToolCallRecord, ToolResult, forbidden_arguments
from assistant.agent.values import Brief, Limits, Spoiled, Thought, Transcript

__all__ = [
    "Breaker",
    "Brief",
    "Budget",
    "Call",
    "Confirmation",
    "Effect",
    "Grown",
    "Limits",
    "MemoryBudget",
    "Meter",
    "Spoiled",
    "Thought",
    "Tool",
    "ToolCallRecord",
    "ToolResult",
    "Toolbox",
    "Transcript",
    "close_model",
    "decided",
    "forbidden_arguments",
    "open_model",
    "open_planner",
    "think",
    "think_safely",
]
