"""The site: Markdown pages, and a reference made from the code; built by ``nox -s docs``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from condavision import __version__

project = "condavision"
release = __version__
copyright = "the condavision contributors"  # noqa: A001 - Sphinx's name
extensions = ["myst_parser", "tools.site"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "condavision"
html_favicon = "../condavision/serving/pages/static/icon.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_extra_path = ["llms.txt"]
html_copy_source = False  # the pages are there as Markdown (tools/site.py)
html_show_sphinx = False
myst_heading_anchors = 3
smartquotes = False  # code and messages have straight ones
