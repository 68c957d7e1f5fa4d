"""Fraud: evidence of shared devices, addresses and wallets, rings found over it, and a score that explains itself. Not for deciding."""

from assistant.domain.fraud import tables

__all__ = ["tables"]
