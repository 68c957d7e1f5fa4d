"""What came of it: contribution of a plan or journey, from facts. Not for deciding anything."""

from assistant.domain.insights.queries import Contribution, contribution

__all__ = ["Contribution", "contribution"]
