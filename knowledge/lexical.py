"""Character 1+2-grams and BM25 over them: finds what shares words with the question, without a dictionary."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

K1, B = 1.2, 0.75
_BREAK = re.compile(r"[\W_]+")


def grams(text: str) -> list[str]:
    """Every character and every pair of neighbours, across no punctuation; Latin letters in lower case."""
    out: list[str] = []
    for run in _BREAK.split(text.lower()):
        out += run
        out += [run[i : i + 2] for i in range(len(run) - 1)]
    return out


class Bm25:
    """A fixed set of texts, each known by its id."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        counts = [(key, Counter(grams(text))) for key, text in texts]
        lengths = {key: sum(count.values()) for key, count in counts}
        mean = sum(lengths.values()) / len(lengths) if lengths else 1.0
        self._weights: dict[str, dict[str, float]] = defaultdict(dict)
        for key, count in counts:
            for gram, n in count.items():
                self._weights[gram][key] = n * (K1 + 1) / (n + K1 * (1 - B + B * lengths[key] / mean))
        for hits in self._weights.values():
            rarity = math.log(1 + (len(counts) - len(hits) + 0.5) / (len(hits) + 0.5))
            for key in hits:
                hits[key] *= rarity

    def ranked(self, query: str, most: int) -> list[str]:
        """Ids of the texts that share a gram with the query, best first."""
        scores: dict[str, float] = defaultdict(float)
        for gram in set(grams(query)):
            for key, weight in self._weights.get(gram, {}).items():
                scores[key] += weight
        return sorted(scores, key=lambda key: (-scores[key], key))[:most]
