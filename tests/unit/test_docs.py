"""The documentation is held against the program: links lead somewhere, commands and options exist,
every command has help with an example and a page.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for kind, text in FENCE.findall(page.read_text()):
            if kind == language:
                yield page.name, text


def command_lines() -> list[tuple[str, str]]:
    lines = []
    for page, text in blocks("console"):
        for line in text.replace("\\\n", " ").splitlines():
            if match := re.match(r"^\$ (?:\.venv/bin/)?rowline (.*?)(?:\s+#.*)?$", line):
                lines.append((page, match[1]))
    return lines


@pytest.fixture(scope="module")
def program() -> Any:
    if not main.app.registered_commands:
        main._register()
    return typer.main.get_command(main.app)


def leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for word, inner in command.commands.items():
            yield from leaves(inner, f"{name} {word}".strip())
    else:
        yield name, command


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    text = FENCE.sub("", page.read_text())
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", page.read_text()):
        if target.startswith(("http://", "https://")):
            continue
        led_to = page.parent / target if target else page
        assert led_to.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(led_to), f"{page.name} links to {target}#{anchor}"


@pytest.mark.parametrize(("page", "line"), command_lines(), ids=lambda value: str(value)[:60])
def test_commands_in_the_docs_are_accepted(
    program: Any, page: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "ROWLINE_SOURCE", "mysql://reader:secret@db.example.com"
    )  # which the pages tell their reader to set
    words = shlex.split(line, comments=True)
    words = words[: next((at for at, word in enumerate(words) if word in ("|", ">")), len(words))]
    command, path = program, []
    while hasattr(command, "commands"):
        assert words, f"{page}: `rowline {line}` names no command"
        assert words[0] in command.commands, (
            f"{page}: there is no command `rowline {' '.join([*path, words[0]])}`"
        )
        path.append(words[0])
        command = command.commands[words.pop(0)]
    command.make_context(
        " ".join(path), words
    )  # raises a usage error for an unknown option or a missing argument


def test_every_command_has_help_with_an_example_and_stands_in_the_docs(program: Any) -> None:
    documented = "\n".join(page.read_text() for page in PAGES)
    for name, command in leaves(program):
        assert "Example" in (command.help or ""), f"`rowline {name}` has no example in its help"
        assert f"rowline {name}" in documented, f"`rowline {name}` stands on no page of the docs"
        for option in command.params:
            assert getattr(option, "help", None), f"`rowline {name}` {option.name} has no help"


@pytest.mark.parametrize(("page", "text"), list(blocks("yaml")), ids=lambda value: str(value)[:30])
def test_yaml_in_the_docs_is_yaml(page: str, text: str) -> None:
    assert yaml.safe_load(text) is not None, page


def test_readme_names_the_two_commands() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"$ make {target}" in readme
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    for target in ("test", "soak"):
        assert f"make {target}\n" in (ROOT / ".ci" / "run").read_text()
        assert f"`make {target}`" in readme
