"""The code in the plugin guide is that of the examples, whose tests run, and its links lead somewhere."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from a_parallel_kernel.scaffold import scaffold

REPOSITORY = Path(__file__).parents[2]
GUIDE = sorted((REPOSITORY / "docs" / "plugins").glob("*.md"))
PAGES = [*sorted((REPOSITORY / "docs").rglob("*.md")), REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"]
BLOCK = re.compile(r"^(?:<!-- from (?P<source>\S+) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.S | re.M)
CODE = ("python", "toml", "sql", "js")


def blocks(page: Path) -> Iterator[tuple[str, str | None, str]]:
    """Yield language, source and text of the blocks of a page."""
    for match in BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield match["language"], match["source"], match["text"]


def holds(source: str, text: str) -> bool:
    """Tell whether `text` stands in `source`, at whatever depth."""
    wanted, lines = textwrap.dedent(text).splitlines(), source.splitlines()
    windows = (lines[start : start + len(wanted)] for start in range(len(lines) - len(wanted) + 1))
    return any(textwrap.dedent("\n".join(window)).splitlines() == wanted for window in windows)


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.name)
def test_code_is_taken_from_an_example(page: Path, tmp_path: Path) -> None:
    scaffold("acme-greeter", tmp_path)
    for language, source, text in blocks(page):
        if language not in CODE:
            continue
        assert source, f"{page.name}: this is from nowhere:\n{text}"
        file = tmp_path / source if source.startswith("acme-greeter/") else REPOSITORY / source
        assert holds(file.read_text(encoding="utf-8"), text), f"{page.name}: this is not in {source}:\n{text}"


def test_the_guide_shows_every_file_of_the_example() -> None:
    shown = {source for page in GUIDE for _, source, _ in blocks(page) if source}
    example = REPOSITORY / "examples" / "acme_notes"
    files = [path for path in (example / "src").rglob("*.*") if path.suffix in (".py", ".sql", ".js")]
    assert {str(path.relative_to(REPOSITORY)) for path in files} <= shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
