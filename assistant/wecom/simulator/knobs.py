"""The knobs of tokens, limits and customer contact: how the simulated corp behaves where the documents leave room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass
class ContactKnobs:
    """Settable per scenario; ``api_overlap_seconds`` are real seconds, the others virtual."""

    token_old_survives: bool = True
    trusted_ip_seconds: float = 60.0
    api_per_minute: int = 10_000
    api_per_hour: int = 150_000
    api_overlap_seconds: float = 0.005
    read_lag_seconds: float = 2.0
    short_pages: bool = False
    media_days: float = 3.0
    dormant_days: float = 365.0
    corp_tags_most: int = 10_000
    contact_ways_most: int = 500_000
    join_way_members_most: int = 200
    half_on_scan: Literal["never", "first", "only"] = "never"
    transfer_seconds: float = 86_400.0
    moment_job_seconds: float = 2.0
