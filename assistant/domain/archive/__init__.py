"""What was said in customer groups, where a brand pays for the archive and people agreed. Not for fetching or answering."""

from assistant.domain.archive.commands import agree, agree_member, keep, keep_for, match, sweep
from assistant.domain.archive.consent import Round, is_on, keep_round, kept, last_round, turn, words
from assistant.domain.archive.queries import GroupTalk, Kept, agreed, group_talk, said
from assistant.domain.archive.values import Agreement, Line, Taken, line_of

__all__ = [
    "Agreement",
    "GroupTalk",
    "Kept",
    "Line",
    "Round",
    "Taken",
    "agree",
    "agree_member",
    "agreed",
    "group_talk",
    "is_on",
    "keep",
    "keep_for",
    "keep_round",
    "kept",
    "last_round",
    "line_of",
    "match",
    "said",
    "sweep",
    "turn",
    "words",
]
