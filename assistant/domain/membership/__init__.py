"""Growth value and tiers: counted on received orders, raised at once. Not for points; review and downgrade come later."""

from assistant.domain.membership.commands import add_growth, grow_for_orders
from assistant.domain.membership.features import FEATURES
from assistant.domain.membership.model import TIERS, AddGrowth, Grown, Standing, Tier, tier_at
from assistant.domain.membership.queries import standings

__all__ = ["FEATURES", "TIERS", "AddGrowth", "Grown", "Standing", "Tier", "add_growth", "grow_for_orders", "standings", "tier_at"]
