"""The house rules as functions over source text: each yields one line per offence, so that each can be tested on a planted one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LINES_OF_FUNCTION = 50
MOST_LINES_OF_FILE = 400
OURS = ("assistant", "tools", "knowledge", "main.py")
EVERYTHING = (*OURS, "tests", "bench")

CLOCK_EDGES = ("assistant/base/clock.py", "assistant/wecom/simulator/", "tests/", "bench/", "assistant/cli.py")
COMMIT_EDGES = ("assistant/store/", "tests/", "bench/")
ENVIRONMENT_EDGES = ("assistant/settings.py", "assistant/cli.py", "tests/", "bench/")
CHANCE_EDGES = ("assistant/base/chance.py", "assistant/base/ids.py", "assistant/wecom/simulator/", "tests/", "bench/")

_CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.monotonic"}
_CLOCK_CALLS |= {"time.perf_counter", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"}
_CHANCE_CALLS = {"uuid.uuid4", "uuid4", "random.random", "random.choice", "random.randint", "random.shuffle", "random.randrange"}
_ADDRESS = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|@ file:")


@lru_cache(maxsize=2000)
def _tree(text: str) -> ast.Module:
    return ast.parse(text)


@lru_cache(maxsize=2000)
def _nodes(text: str) -> list[ast.AST]:
    """Every rule walks the same trees, and walking them is what costs."""
    return list(ast.walk(_tree(text)))


def files(*tops: str) -> list[Path]:
    """All Python files below the tops, relative to the root."""
    found: list[Path] = []
    for top in tops:
        path = ROOT / top
        found += [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [path.relative_to(ROOT) for path in found]


def sizes(name: str, text: str) -> Iterator[str]:
    """Functions and files that are too long."""
    lines = len(text.splitlines())
    if lines > MOST_LINES_OF_FILE:
        yield f"{name}: {lines} lines"
    for node in _nodes(text):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_LINES_OF_FUNCTION:
                yield f"{name}:{node.lineno} {node.name} has {length} lines"


def purpose(name: str, text: str) -> Iterator[str]:
    """Modules that do not begin with a sentence of purpose."""
    tree = _tree(text)
    if not tree.body:
        return
    docstring = ast.get_docstring(tree) or ""
    if not re.match(r".+[.。!?:](\s|$)", docstring, re.DOTALL):
        yield f"{name}: does not begin with one sentence of purpose"


def clock_reads(name: str, text: str) -> Iterator[str]:
    """Reads of the machine's clock outside the edges."""
    yield from _calls(name, text, _CLOCK_CALLS, CLOCK_EDGES)


def chance_reads(name: str, text: str) -> Iterator[str]:
    """Chance that nobody can repeat, outside the edges."""
    yield from _calls(name, text, _CHANCE_CALLS, CHANCE_EDGES)


def commits(name: str, text: str) -> Iterator[str]:
    """Commits outside the store."""
    if name.startswith(COMMIT_EDGES):
        return
    for node in _nodes(text):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield f"{name}:{node.lineno} commits"


def patches(name: str, text: str) -> Iterator[str]:
    """Uses of unittest.mock in any form."""
    for node in _nodes(text):
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        dotted = _dotted(node) if isinstance(node, ast.Attribute) else ""
        if any(module.startswith("unittest.mock") or module == "mock" for module in modules) or dotted in ("mock.patch", "unittest.mock"):
            yield f"{name}:{getattr(node, 'lineno', 0)} uses mock"


def environment_reads(name: str, text: str) -> Iterator[str]:
    """Reads of the environment outside settings (and the command line that hands it in)."""
    if name.startswith(ENVIRONMENT_EDGES):
        return
    for node in _nodes(text):
        if isinstance(node, ast.Attribute) and _dotted(node) in ("os.environ", "os.getenv", "os.environb"):
            yield f"{name}:{node.lineno} reads the environment"
        if isinstance(node, ast.ImportFrom) and node.module == "os" and {"environ", "getenv"} & {alias.name for alias in node.names}:
            yield f"{name}:{node.lineno} reads the environment"


def back_doors(name: str, text: str) -> Iterator[str]:
    """Imports of a file inside a room of the domain from outside that room (a room's own tests are inside)."""
    for node in _nodes(text):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names if _is_module(node.module, alias.name))]
        for imported in names:
            parts = imported.split(".")
            if parts[:2] != ["assistant", "domain"] or len(parts) < 4:
                continue
            if not name.startswith((f"assistant/domain/{parts[2]}/", f"tests/rooms/test_{parts[2]}")):
                yield f"{name}:{getattr(node, 'lineno', 0)} enters {parts[2]} by {'.'.join(parts[3:])}"


def _is_module(package: str, name: str) -> bool:
    return (ROOT / package.replace(".", "/") / f"{name}.py").is_file()


def addresses(name: str, text: str) -> Iterator[str]:
    """Addresses of a package index in a lock file, and pins without a hash."""
    for number, line in enumerate(text.splitlines(), 1):
        if _ADDRESS.search(line):
            yield f"{name}:{number} has an address"
    pins = re.findall(r"^[A-Za-z0-9._-]+==[^\\\n]*\\?\n?(?:.*)", text, re.MULTILINE)
    yield from (f"{name}: {pin.split()[0]} has no hash" for pin in pins if "--hash=" not in pin)


def _calls(name: str, text: str, forbidden: set[str], edges: tuple[str, ...]) -> Iterator[str]:
    if name.startswith(edges):
        return
    for node in _nodes(text):
        if isinstance(node, ast.Attribute) and _dotted(node) in forbidden:
            yield f"{name}:{node.lineno} {_dotted(node)}"
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "uuid", "random"):
            taken = {f"{node.module}.{alias.name}" for alias in node.names} & forbidden
            yield from (f"{name}:{node.lineno} {call}" for call in sorted(taken))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
