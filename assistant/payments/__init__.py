"""Money out: payers behind the payout port that ``cashback`` declares. Not for deciding who is paid.

Only the simulated payer exists so far; the merchant transfer of WeChat is a neighbour of it with the same two methods.
"""

from assistant.payments.simulated import Answer, Knobs, SimulatedPayout, bills, paid_total

__all__ = ["Answer", "Knobs", "SimulatedPayout", "bills", "paid_total"]
