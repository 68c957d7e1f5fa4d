"""Knobs of the shops that send order notices; they are a part of ``world.Knobs``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ShopKnobs:
    """Real seconds: how long a shop waits for its acknowledgement, and the first gap before it tells again; each later gap grows."""

    shop_ack_seconds: float = 5.0
    shop_retries: int = 4
    shop_retry_gap_seconds: float = 1.0
    shop_retry_growth: float = 3.0
