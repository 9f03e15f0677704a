"""A progress bar, or a line kept up to date, on a terminal; elsewhere a line now and then."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from cli.ui.console import note_console
from shared.values.counted import counted
from shared.values.progress import Progress as JobProgress

LINE_SECONDS = 10


class LiveLine:
    """One line that changes."""

    def __init__(self, console: Console) -> None:
        self._console, self._printed = console, float("-inf")
        self._live = (
            Live(console=console, auto_refresh=False, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> None:
        if self._live:
            self._live.start()

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, line: str) -> None:
        if self._live:
            self._live.update(Text(line), refresh=True)
        elif time.monotonic() - self._printed >= LINE_SECONDS:
            self._printed = time.monotonic()
            self._console.print(line, markup=False)


class RowProgress:
    """Shows rows done, rate and time left on stderr; stdout is for the result."""

    def __init__(self, verb: str) -> None:
        self._verb, self._began = verb, time.monotonic()
        self._first: int | None = None
        self._printed, self._note = 0.0, ""
        self._console = note_console()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} rows"),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task(verb, total=1, rate="", note="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def stop(self) -> None:
        """Take the bar away, so that something else can be printed."""
        self._bar.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While a question is asked."""
        self._bar.stop()
        yield
        self._bar.start()

    def show(self, now: JobProgress) -> None:
        """Bring the bar to where the job is now."""
        rows = now.rows
        if self._first is None and rows:
            self._first, self._began = rows, time.monotonic()
        passed = time.monotonic() - self._began
        rate = f"{(rows - (self._first or 0)) / passed:,.0f} rows/s" if rows and passed > 1 else ""
        total = max(rows, now.estimate, 1)
        self._bar.update(
            self._task,
            completed=rows,
            total=total,
            description=f"{self._verb} {now.table}".strip(),
            rate=rate,
            note=now.note,
        )
        if not self._console.is_terminal:
            self._line(rows, total, rate, now.note)

    def _line(self, rows: int, total: int, rate: str, note: str) -> None:
        now = time.monotonic()
        if (
            now - self._printed >= LINE_SECONDS
            or note.partition(" ")[0] != self._note.partition(" ")[0]
        ):
            self._printed, self._note = now, note
            done = f"{rows:,} of about {counted(total, 'row')}" if rows or total > 1 else ""
            about = ", ".join(filter(None, (done, rate, note))) or "starting"
            self._console.print(f"{self._verb}: {about}", markup=False)
