"""Content: message templates with named slots, and what a text may not say. Not for sending."""

from assistant.domain.content.commands import save_template
from assistant.domain.content.compliance import FORBIDDEN, blocked, check
from assistant.domain.content.model import Draft, Finding, Saved, SaveTemplate, Template, render, slots
from assistant.domain.content.queries import template, template_by_id, templates
from assistant.domain.content.words import (
    PUSH,
    SavedWords,
    SaveWords,
    TurnWords,
    WordRule,
    drop_words,
    save_words,
    turn_words,
    word_of,
    word_rules,
)

__all__ = [
    "FORBIDDEN",
    "PUSH",
    "Draft",
    "Finding",
    "SaveTemplate",
    "SaveWords",
    "Saved",
    "SavedWords",
    "Template",
    "TurnWords",
    "WordRule",
    "blocked",
    "check",
    "drop_words",
    "render",
    "save_template",
    "save_words",
    "slots",
    "template",
    "template_by_id",
    "templates",
    "turn_words",
    "word_of",
    "word_rules",
]
