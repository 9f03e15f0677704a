"""A file of tests/cases."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

FOLDER = Path(__file__).parent
_DIRECTIVE = re.compile(r"-- (servers|expect|due|error|charset|database|tables|start|from|not yet)"
                        r": *(.+)")  # fmt: skip
_MARK = re.compile(r"-- (fails|connect|only)(?:: *(\w+))?$")


@dataclass
class CaseStep:
    """One statement. `only`: the one server that runs it ("" for all)."""

    sql: str
    fails: bool = False
    connects: bool = False
    only: str = ""


@dataclass
class Line:
    """A line of the output, as far as it is expected."""

    table: str
    op: str
    key: Any
    after: Any = None

    def matches(self, change: dict[str, Any]) -> bool:
        """Whether the change is the one that is expected."""
        found = (change["table"], change["op"], change["key"])
        return found == (self.table, self.op, self.key) and (
            self.after is None or change["after"] == self.after
        )


@dataclass
class Case:
    """See the package's text."""

    name: str
    servers: list[str] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    due: set[str] = field(default_factory=set)
    error: str = ""
    charset: str = "utf8mb4"
    database: str = "k"
    tables: list[str] = field(default_factory=list)
    start: str | None = None
    earliest: bool = False
    not_yet: dict[str, str] = field(default_factory=dict)
    steps: list[CaseStep] = field(default_factory=list)

    @property
    def needs_own_server(self) -> bool:
        """Whether it would disturb others that use the server."""
        return self.start is not None or any(step.sql == "RESTART" for step in self.steps)


def all_cases() -> list[Case]:
    """Every file of the folder."""
    return [read(path) for path in sorted(FOLDER.glob("*.sql"))]


def read(path: Path) -> Case:
    """The case in a file."""
    case = Case(path.stem)
    body: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := _DIRECTIVE.fullmatch(line):
            _apply(case, match[1], match[2])
        elif not line.startswith("--") or _MARK.fullmatch(line):
            body.append(line)
    case.steps = _steps(body)
    case.tables = case.tables or [f"{case.database}.*"]
    assert case.servers, f"{path}: which servers?"
    return case


def _apply(case: Case, name: str, value: str) -> None:
    match name:
        case "servers":
            case.servers = value.split()
        case "expect":
            case.lines.append(_line(value))
        case "due":
            case.due |= set(value.split())
        case "tables":
            case.tables = value.split()
        case "from":
            assert value == "earliest", value
            case.earliest = True
        case "not yet":
            server, _, reason = value.partition(" ")
            case.not_yet[server] = reason
        case _:
            setattr(case, name, value)


def _line(text: str) -> Line:
    table, op, rest = text.split(maxsplit=2)
    decoder = msgspec.json.Decoder()
    parts = [decoder.decode(part) for part in _objects(rest)]
    return Line(table, op, *parts)


def _objects(text: str) -> list[str]:
    """The JSON objects that stand one behind the other."""
    found, depth, begin = [], 0, 0
    for at, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == "}" and not depth:
            found.append(text[begin : at + 1])
            begin = at + 1
    return found


def _steps(body: list[str]) -> list[CaseStep]:
    steps: list[CaseStep] = []
    step, text = CaseStep(""), list[str]()
    for line in body:
        if mark := _MARK.fullmatch(line):
            step.fails |= mark[1] == "fails"
            step.connects |= mark[1] == "connect"
            step.only = mark[2] or step.only
            continue
        text.append(line)
        if line.endswith(";"):
            step.sql = "\n".join(text).removesuffix(";")
            steps.append(step)
            step, text = CaseStep(""), []
    assert not "".join(text).strip(), f"behind the last semicolon: {text}"
    return steps
