"""Use cases that cross rooms: import, the demo brand, delivery, payout."""
