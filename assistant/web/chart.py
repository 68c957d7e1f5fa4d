"""Charts as SVG markup: plain elements with classes, so that the strict content policy holds. Escaped here, marked safe once."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

WIDTH = 640
LABEL = 150
ROW = 38


def funnel(figures: Sequence[tuple[str, int]], title: str) -> Markup:
    """Horizontal bars, one per stage, against the first and largest."""
    most = max((value for _, value in figures), default=0) or 1
    rows: list[Markup] = []
    first = figures[0][1] if figures else 0
    for place, (label, value) in enumerate(figures):
        y, width = place * ROW + 6, max(2, round((WIDTH - LABEL - 130) * value / most))
        share = f"{value:,}" + (f" · {value / first:.0%}" if first and place else "")
        rows.append(
            Markup('<text x="{}" y="{}" text-anchor="end">{}</text>').format(LABEL - 10, y + 17, label)
            + Markup('<rect class="barfill" x="{}" y="{}" width="{}" height="24" rx="5"></rect>').format(LABEL, y, width)
            + Markup('<text class="faint" x="{}" y="{}">{}</text>').format(LABEL + width + 8, y + 17, share)
        )
    return _frame(Markup("").join(rows), len(figures) * ROW + 8, title)


def interval(low: float, point: float, high: float, title: str) -> Markup:
    """A difference of shares with its interval, against zero."""
    edge = max(abs(low), abs(high), abs(point), 0.001) * 1.15
    left, right, y = 40, WIDTH - 40, 34

    def at(value: float) -> int:
        return round(left + (right - left) * (value + edge) / (2 * edge))

    parts = [
        Markup('<line class="axis" x1="{}" y1="{}" x2="{}" y2="{}"></line>').format(left, y, right, y),
        Markup(
            '<line class="axis" x1="{0}" y1="12" x2="{0}" y2="56"></line><text class="faint" x="{0}" y="74" text-anchor="middle">0</text>'
        ).format(at(0)),
        Markup('<line class="whisker" x1="{}" y1="{}" x2="{}" y2="{}"></line>').format(at(low), y, at(high), y),
        *(Markup('<line class="whisker" x1="{0}" y1="26" x2="{0}" y2="42"></line>').format(at(value)) for value in (low, high)),
        Markup('<circle class="dot" cx="{}" cy="{}" r="7"></circle>').format(at(point), y),
        Markup('<text class="faint" x="{}" y="20" text-anchor="middle">{:+.1f}%</text>').format(at(point), point * 100),
    ]
    return _frame(Markup("").join(parts), 82, title)


def _frame(inside: Markup, height: int, title: str) -> Markup:
    head = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(WIDTH, height, escape(title))
    return head + inside + Markup("</svg>")
