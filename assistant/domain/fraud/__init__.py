"""Fraud: evidence of shared devices, addresses and wallets, rings found over it, and a score that explains itself. Not for deciding."""

from assistant.domain.fraud.commands import note, seen
from assistant.domain.fraud.model import KINDS, WEIGHTS, Circle, Evidence, Noted, Score, Signs, digest, rings, score
from assistant.domain.fraud.queries import all_rings, circle

__all__ = [
    "KINDS",
    "WEIGHTS",
    "Circle",
    "Evidence",
    "Noted",
    "Score",
    "Signs",
    "all_rings",
    "circle",
    "digest",
    "note",
    "rings",
    "score",
    "seen",
]
