"""The built-in planner: a chat model without a model. Intents by rules and neighbours, slots by parsers, answers by templates."""

from assistant.agent.planner.chat import Planner

__all__ = ["Planner"]
