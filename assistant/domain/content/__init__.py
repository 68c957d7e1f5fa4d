"""Content: message templates with named slots, and what a text may not say. Not for sending."""

from assistant.domain.content.commands import save_template
from assistant.domain.content.compliance import blocked, check
from assistant.domain.content.model import Draft, Finding, Saved, SaveTemplate, Template, render, slots
from assistant.domain.content.queries import template, template_by_id, templates

__all__ = [
    "Draft",
    "Finding",
    "SaveTemplate",
    "Saved",
    "Template",
    "blocked",
    "check",
    "render",
    "save_template",
    "slots",
    "template",
    "template_by_id",
    "templates",
]
