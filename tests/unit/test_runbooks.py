"""Every alarm has its page, and every page has the same parts."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs/runbooks"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "README.md")
PARTS = [
    "What it means",
    "How to look",
    "How to repair",
    "How to know that it is over",
]


def kinds() -> dict[str, str]:
    """Kind of alarm → its page, from the plugin."""
    text = (ROOT / "plugins/rowline/expand/runbooks.js").read_text()
    return dict(re.findall(r"^  (\w+): '([a-z-]+)',$", text, re.MULTILINE))


def test_every_alarm_has_a_page_and_every_page_an_alarm() -> None:
    assert sorted(kinds().values()) == [page.stem for page in PAGES]
    for kind, page in kinds().items():
        (alarm,) = re.findall(
            r"^Alarm `(\w+)`\.$", (FOLDER / f"{page}.md").read_text(), re.MULTILINE
        )
        known = rf"{kind}Of(Relay|Consume)NAME|{kind}Of(Topic|Watch|Archive)"
        assert re.fullmatch(known, alarm), page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_all_parts_and_shows_a_command(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS
    look = text.partition("## How to look")[2].partition("## ")[0]
    assert "```console\n$ " in look
    for part in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]:
        assert len(part.split()) > 5, page


def test_the_list_names_every_page() -> None:
    listed = re.findall(
        r"^\| `\w+` \| \[.*\]\((.*)\) \|$", (FOLDER / "README.md").read_text(), re.M
    )
    assert sorted(listed) == [page.name for page in PAGES]
