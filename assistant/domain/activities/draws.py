"""Which prize a draw hits: a pure function of the committed seed, the activity, the member and the number of the draw."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from assistant.base.ids import derive
from assistant.domain.activities.language import MILLION, Prize


def commitment(seed: str) -> str:
    """What is published before the first draw: hex SHA-256 of the seed."""
    return hashlib.sha256(seed.encode()).hexdigest()


def player_of(activity: str, member_id: str) -> str:
    """What a member is called in the published draws of one activity: it leads to nobody, and stays when the person is erased."""
    return derive("player", activity, member_id)


def roll(seed: str, activity: str, player: str, number: int) -> int:
    """A number below a million: the first eight bytes of HMAC-SHA256(seed, ``activity|player|number``), scaled."""
    word = f"{activity}|{player}|{number}".encode()
    first = hmac.new(seed.encode(), word, hashlib.sha256).digest()[:8]
    return int.from_bytes(first, "big") * MILLION >> 64


def prize_at(prizes: Sequence[Prize], rolled: int) -> Prize:
    """The prize whose stretch of the million holds the number, in the published order."""
    for prize in prizes:
        rolled -= prize.odds
        if rolled < 0:
            return prize
    raise ValueError("the odds do not add up to a million")
