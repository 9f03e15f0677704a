"""`make lint` checks the project's text: lines, docstrings, sentences, subjects, module sizes.

`python -m tests.prose` prints each fault as PATH:LINE: FAULT and exits with 1 if there is one.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINE, SUMMARY, SENTENCE, SUBJECT, MODULE = 100, 100, 40, 72, 250
SINCE = "5a0ff7d"  # the commit after which subjects are checked
LIBRARY = ("shared/", "cli/", "handlers/", "local/", "bench/", "plugins/")
"""Folders whose modules have a size to keep, and whose docstrings have a summary of one line."""

_LINES = (".js", ".yml", ".yaml", ".md")  # ruff has the rule for Python
_FENCE = re.compile(r"^\s*(```|~~~)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+(?=[A-Z`*\"(\d])")


@dataclass(frozen=True)
class Fault:
    """One broken rule.

    rule: its name.
    line: 0 where the fault is the file's.
    """

    path: str
    line: int
    rule: str
    said: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.said} ({self.rule})"


def long_lines(path: str, text: str) -> Iterator[Fault]:
    """Lines of more than 100 characters; a Markdown table and a URL may be longer."""
    for number, line in enumerate(text.splitlines(), 1):
        table = path.endswith(".md") and line.lstrip().startswith("|")
        if len(line) > LINE and "://" not in line and not table:
            yield Fault(path, number, "line", f"{len(line)} characters, at most {LINE}")


def long_summaries(path: str, text: str) -> Iterator[Fault]:
    """Docstrings whose first paragraph is longer than one line of 100 characters."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        summary = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
        if len(summary) > SUMMARY:
            line = node.body[0].lineno
            yield Fault(
                path, line, "summary", f"summary of {len(summary)} characters, at most {SUMMARY}"
            )


def long_sentences(path: str, text: str) -> Iterator[Fault]:
    """Sentences of a Markdown page with more than 40 words."""
    for number, block in blocks(text):
        for sentence in _SENTENCE_END.split(block):
            if (words := len(sentence.split())) > SENTENCE:
                start = " ".join(sentence.split()[:6])
                said = f"sentence of {words} words, at most {SENTENCE}: {start} …"
                yield Fault(path, number, "sentence", said)


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """Paragraphs, list items and table cells of a Markdown page with the line where each begins.

    Code blocks are left out; a piece of code in a line counts as one word.
    """
    start, lines, fenced = 0, list[str](), False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        fence = bool(_FENCE.match(line))
        if fence or fenced or not line.strip() or line.startswith(("#", "|")) or _ITEM.match(line):
            if lines:
                yield start, plain(" ".join(lines))
            lines = []
        if fence:
            fenced = not fenced
        elif fenced or line.startswith("#"):
            continue
        elif line.startswith("|"):
            yield from ((number, plain(cell)) for cell in line.strip("|").split("|"))
        elif line.strip():
            start = start if lines else number
            lines.append(_ITEM.sub("", line).strip())


def plain(text: str) -> str:
    """Markdown without code and link targets."""
    return re.sub(r"\]\([^)]*\)", "]", re.sub(r"`[^`]*`", "`code`", text))


def long_modules(path: str, text: str) -> Iterator[Fault]:
    """Modules of more than 250 lines whose first line gives no reason, as `(long: one table)`."""
    lines = text.splitlines()
    if len(lines) > MODULE and not re.search(r"\(long: .+\)", lines[0]):
        said = f"{len(lines)} lines, at most {MODULE} without a `(long: reason)` in the first line"
        yield Fault(path, 0, "module", said)


def long_subjects(subjects: Iterable[tuple[str, str]]) -> Iterator[Fault]:
    """Commits, as (hash, subject), whose subject has more than 72 characters."""
    for commit, subject in subjects:
        if len(subject) > SUBJECT:
            said = f"subject of {len(subject)} characters, at most {SUBJECT}"
            yield Fault(commit, 0, "subject", said)


def faults(path: str, text: str) -> Iterator[Fault]:
    """All faults of one file."""
    if path.endswith(_LINES):
        yield from long_lines(path, text)
    if path.endswith((".py", ".js")):
        yield from long_modules(path, text)
    if path.startswith(LIBRARY) and path.endswith(".py"):
        yield from long_summaries(path, text)
    if path == "README.md" or (path.startswith("docs/") and path.endswith(".md")):
        yield from long_sentences(path, text)


def commits() -> list[tuple[str, str]]:
    """Commits since `SINCE`; none, with a line that says so, in a clone that is too shallow."""
    if _git("merge-base", "--is-ancestor", SINCE, "HEAD").returncode:
        print(f"prose: subjects of commits not checked: {SINCE} is not in this clone")
        return []
    lines = _git("log", "--format=%h %s", f"{SINCE}..HEAD").stdout.splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def main() -> int:
    files = [
        name
        for name in _git("ls-files", "-co", "--exclude-standard").stdout.splitlines()
        if (ROOT / name).is_file() and name.endswith((*_LINES, ".py"))
    ]
    found = [fault for name in files for fault in faults(name, (ROOT / name).read_text())]
    found += long_subjects(commits())
    for fault in found:
        print(fault)
    return 1 if found else 0


def _git(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    sys.exit(main())
