"""Who: tags, the segment language over all rooms' features, frozen snapshots with a digest. Not for sending anything to anybody."""

from assistant.domain.audience.catalogue import Catalogue, catalogue, use
from assistant.domain.audience.commands import freeze, tag, untag
from assistant.domain.audience.compiling import members_of
from assistant.domain.audience.model import EVERYBODY, All, AnyOf, Compare, Freeze, Not, Rule, Snapshot, Tag, compare
from assistant.domain.audience.queries import FEATURES, count, describe, find, fits, page, snapshot, tag_names, tags_of, values
from assistant.domain.audience.rendering import render

__all__ = [
    "EVERYBODY",
    "FEATURES",
    "All",
    "AnyOf",
    "Catalogue",
    "Compare",
    "Freeze",
    "Not",
    "Rule",
    "Snapshot",
    "Tag",
    "catalogue",
    "compare",
    "count",
    "describe",
    "find",
    "fits",
    "freeze",
    "members_of",
    "page",
    "render",
    "snapshot",
    "tag",
    "tag_names",
    "tags_of",
    "untag",
    "use",
    "values",
]
