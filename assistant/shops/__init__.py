"""Order formats in: one adapter per shop, signatures, export profiles. Not for what an order means."""
