"""What the service can look up: ingest Markdown and CSV, search it, and say "no evidence" when there is none.

Nothing heavy is imported here or by opening: Chroma, numpy and the bundled model load at the first ingest or search.
Errors: ``Invalid`` for a file that cannot be used (nothing is changed), ``Broken`` when the folder cannot be opened.
"""

from knowledge.embedding import NgramEmbedder, default_embedder
from knowledge.passage import IngestReport, Passage
from knowledge.search import Knowledge

__all__ = ["IngestReport", "Knowledge", "NgramEmbedder", "Passage", "default_embedder"]
