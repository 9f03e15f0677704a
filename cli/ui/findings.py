"""How findings are printed."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console

from shared.values.finding import Finding

_MARK = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


def show_checks(findings: Iterable[Finding], console: Console) -> None:
    """A line for each check, and below it what to do."""
    for finding in findings:
        word, style = _MARK[finding.level]
        console.print(word, style=style, end="  ")
        console.print(f"{finding.thing:<28} {finding.what}", markup=False)
        if finding.fix:
            console.print(f"      {finding.fix}", markup=False)


def show_wrong(finding: Finding, console: Console, place: str = "") -> None:
    """Print what is not in order, and what to do next. `place`: FILE:LINE of the stanza."""
    where = f"{place}: " if place else ""
    console.print(f"! {where}{finding.thing}: {finding.what}", markup=False)
    if finding.fix:
        console.print(f"  {finding.fix}", markup=False)


def shown(finding: Finding, **more: Any) -> dict[str, Any]:
    """A finding as commands print it in JSON."""
    return {
        "thing": finding.thing,
        "level": finding.level,
        "what": finding.what,
        "fix": finding.fix,
        **more,
    }


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when a finding fails."""
    return int(any(finding.level == "fail" for finding in findings))
