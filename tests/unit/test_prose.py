"""The checker of the project's text sees what it should, and nothing else."""

import pytest

from tests import prose

WORDS = "word " * 41


def rules(path: str, text: str) -> list[tuple[str, int]]:
    return [(fault.rule, fault.line) for fault in prose.faults(path, text)]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("docs/a.md", "# A\n" + "x" * 101, [("line", 2)]),
        ("docs/a.md", "x" * 100, []),
        ("docs/a.md", f"| {'x' * 120} |", []),
        ("docs/a.md", f"see https://example.com/{'x' * 100}", []),
        ("resources/a.yml", "# " + "x" * 100, [("line", 1)]),
        ("plugins/rowline/a.js", "// " + "x" * 100, [("line", 1)]),
        ("shared/a.py", f'"""{"x" * 101}"""\n', [("summary", 1)]),
        ("shared/a.py", f'"""{"x" * 60}\n{"x" * 60}\n"""\n', [("summary", 1)]),
        ("shared/a.py", f'"""{"x" * 60}\n\n{"x" * 60}\n"""\n', []),
        ("shared/a.py", f'def a():\n    """{"x" * 101}"""\n', [("summary", 2)]),
        ("tests/a.py", f'"""{"x" * 101}"""\n', []),
        ("shared/a.py", "a = 1\n" * 251, [("module", 0)]),
        ("shared/a.py", "# (long: one table)\n" + "a = 1\n" * 250, []),
        ("shared/a.py", "a = 1\n" * 250, []),
        ("tests/a.py", "a = 1\n" * 251, [("module", 0)]),
        ("plugins/rowline/a.js", "a();\n" * 251, [("module", 0)]),
    ],
)
def test_a_file(path: str, text: str, expected: list[tuple[str, int]]) -> None:
    assert rules(path, text) == expected


def sentences(text: str) -> list[int]:
    return [fault.line for fault in prose.long_sentences("docs/a.md", text)]


def test_a_sentence_may_go_over_lines_but_not_over_its_end_its_item_or_its_cell() -> None:
    half = "word " * 21
    assert sentences(f"{half}\n{half}") == [1]
    assert sentences(f"# Title\n\nIt is.\n\n{half}\n{half}") == [5]
    assert sentences(f"{half.strip()}. The {half}") == []
    assert sentences(f"{half}\n\n{half}") == []
    assert sentences(f"- {half}\n- {half}") == []
    assert sentences(f"1. {half}\n   {half}") == [1]
    assert sentences(f"| {half} | {half} |") == []
    assert sentences(f"| {WORDS} | |") == [1]


def test_code_is_no_prose() -> None:
    assert sentences(f"```sh\n{WORDS}\n```") == []
    assert sentences(f"A `{WORDS}` in [a {'b ' * 10}](c d e f).") == []
    assert sentences(f"```sh\nls\n```\n{WORDS}") == [4]


def test_a_subject_has_at_most_72_characters() -> None:
    found = list(prose.long_subjects([("abc", "x" * 72), ("def", "x" * 73)]))
    assert [(fault.path, fault.rule) for fault in found] == [("def", "subject")]


def test_a_clone_that_does_not_reach_back_checks_no_subjects(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prose, "SINCE", "0" * 40)
    assert prose.commits() == []
    assert "not checked" in capsys.readouterr().out
