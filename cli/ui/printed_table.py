"""How tables are printed: whole, whatever the terminal's width. A cut name cannot be copied."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_WIDEST = 10_000


def new_table() -> Table:
    """A table without lines, its columns two blanks apart."""
    return Table(box=None, padding=(0, 2, 0, 0), header_style="bold")


def print_table(console: Console, table: Table) -> None:
    """Print a table as wide as its content."""
    before = console.width
    options = console.options.update(max_width=_WIDEST)
    console.width = max(before, Measurement.get(console, options, table).maximum)
    try:
        console.print(table)
    finally:
        console.width = before
