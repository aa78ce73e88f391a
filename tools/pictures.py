"""Draw the pictures in the docs that commands make: ``graph.svg``, and the report on a phone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from condavision.cli import main
from tests.chromium import chromium_in, show

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"

FILES = {
    "condavision.toml": 'channels = ["interpreters:"]\n',
    "letters.py": "import jinja2\n\nprint(jinja2.__version__)\n",
    "report.py": 'from jinja2 import Template\n\nprint(Template("12 figs").render())\n',
    "fetch.py": "import requests\nimport rich\n\nprint(requests, rich)\n",
    "mail.py": "import ssl\n\nimport requests\n\nprint(ssl.wrap_socket, requests)\n",
    "status.py": "import requests\n\nprint(requests)\n",
}
LATER = {"new.py": "import click\n\nprint(click)\n"}
"""What is written when the others are locked."""


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def draw_graph(folder: Path, picture: Path) -> None:
    """Lock the example in this folder, which becomes the working directory, and draw its graph."""
    os.chdir(folder)
    _write(folder, FILES)
    if main(["-q", "lock", "."]) or main(["why", "urllib3"]):
        raise SystemExit("the example cannot be locked")
    main(["graph", "-o", str(picture)])


def draw() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "reports")
        folder.mkdir()
        draw_graph(folder, PICTURES / "graph.svg")
        _write(folder, LATER)
        main(["report", "-o", "report.html"])
        with chromium_in(folder) as browser:
            show(browser, 400, height=860)
            browser.get((folder / "report.html").as_uri())
            browser.save_screenshot(str(PICTURES / "report.png"))


if __name__ == "__main__":
    draw()
