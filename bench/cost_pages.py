"""`python -m bench.cost_pages`: prints the tables of costs, and writes them into their pages.

A test compares the pages with the tables.
"""

import re
from pathlib import Path

from bench import cost
from bench.packing_cost import packing_table

PAGES = {
    "README.md": cost.table,
    "docs/deploy.md": cost.table,
    "docs/vpc.md": cost.network,
    "docs/archive.md": cost.archive_table,
    "docs/trace.md": cost.tracing,
    "docs/paying-less.md": packing_table,
}
"""Page → the table that it shows."""


def shown(page: str) -> re.Pattern[str]:
    """The table of a page, found by its first line."""
    return re.compile(re.escape(PAGES[page]()[0]) + r"\n(?:\|.*\n)+")


def write(root: Path) -> None:
    """Put the tables in the place of those of the pages."""
    for page, lines in PAGES.items():
        text = "\n".join(lines()) + "\n"
        whole = shown(page).split((root / page).read_text(), maxsplit=1)
        (root / page).write_text(text.join(whole))


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[1])
    for lines in dict.fromkeys(PAGES.values()):
        print("\n".join([*lines(), ""]))
