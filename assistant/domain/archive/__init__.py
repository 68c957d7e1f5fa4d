"""What was said in customer groups, where a brand pays for the archive and people agreed. Not for fetching or answering."""

from assistant.domain.archive.commands import agree, agree_member, keep, keep_for, match, sweep
from assistant.domain.archive.queries import GroupTalk, Kept, agreed, group_talk, said
from assistant.domain.archive.values import Agreement, Line, Taken, line_of

__all__ = [
    "Agreement",
    "GroupTalk",
    "Kept",
    "Line",
    "Taken",
    "agree",
    "agree_member",
    "agreed",
    "group_talk",
    "keep",
    "keep_for",
    "line_of",
    "match",
    "said",
    "sweep",
]
