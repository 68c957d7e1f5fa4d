"""Runs all benches, or those named on the command line: ``python -m bench callbacks postings``."""

from __future__ import annotations

import subprocess
import sys

ALL = ("edge", "postings", "book", "events", "fraud", "turn", "start")


def main() -> int:
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no such bench: {', '.join(unknown)}; there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    # One process each: none inherits another's memory, caches or event loop.
    return max(subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode for name in names)


if __name__ == "__main__":
    raise SystemExit(main())
