"""Links between the pages.

pages
└── every relative link leads to a file
"""

import re
from pathlib import Path

import pytest

from tools.readme import ROOT

PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "bench").rglob("*.md"),
    *(ROOT / "migrations").glob("*.md"),
]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page__when_it_links_to_a_file__then_the_file_is_there(page: Path) -> None:
    missing = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert missing == []
