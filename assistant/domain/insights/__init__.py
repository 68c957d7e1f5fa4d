"""What came of it: contribution of a plan or journey, linked buyers by channel. Not for deciding anything."""

from assistant.domain.insights.linking import LinkRate, link_rates
from assistant.domain.insights.queries import Contribution, contribution

__all__ = ["Contribution", "LinkRate", "contribution", "link_rates"]
