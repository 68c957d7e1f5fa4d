"""What members do outside the shop's orders: kept once, bound to who did it, listened to by rules. Not for what it is worth."""

from assistant.domain.events.commands import HEAR, Changed, add_sources, close_sources, heard, listen, match, refused, take, unheard
from assistant.domain.events.features import FEATURES
from assistant.domain.events.model import (
    IMPORTED,
    KINDS,
    AddSource,
    CloseSource,
    Event,
    Incoming,
    Kind,
    Source,
    Taken,
    Told,
)
from assistant.domain.events.queries import Named, Refused, between, names, of_member, refusals, source_of, sources, waiting

__all__ = [
    "FEATURES",
    "HEAR",
    "IMPORTED",
    "KINDS",
    "AddSource",
    "Changed",
    "CloseSource",
    "Event",
    "Incoming",
    "Kind",
    "Named",
    "Refused",
    "Source",
    "Taken",
    "Told",
    "add_sources",
    "between",
    "close_sources",
    "heard",
    "listen",
    "match",
    "names",
    "of_member",
    "refusals",
    "refused",
    "source_of",
    "sources",
    "take",
    "unheard",
    "waiting",
]
