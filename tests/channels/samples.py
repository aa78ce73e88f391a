"""Small packages made by hand: what activates, what runs a script when linked."""

from __future__ import annotations

from condavision.interpreters.conda_package import PackageFile
from tests.channels.package import Package

__all__ = ["SAMPLES"]

_ACTIVATE = """\
export SAMPLE_SET="in $CONDA_PREFIX"
export SAMPLE_PREPENDED="$CONDA_PREFIX/first${SAMPLE_PREPENDED:+:$SAMPLE_PREPENDED}"
export SAMPLE_APPENDED="${SAMPLE_APPENDED:+$SAMPLE_APPENDED:}$CONDA_PREFIX/last"
unset SAMPLE_UNSET
"""
_DEACTIVATE = """\
unset SAMPLE_SET SAMPLE_PREPENDED SAMPLE_APPENDED
"""
# Neither set, prepended nor appended: it has to run each time.
_ACTIVATE_LIVE = """\
export SAMPLE_LIVE="<${SAMPLE_LIVE:-nothing}>"
"""
_POST_LINK = """\
#!/bin/sh
echo "$PKG_NAME" > "$PREFIX/post-link-ran"
"""


def _sample(name: str, files: dict[str, str]) -> Package:
    entries = (
        PackageFile(path, text.encode(), executable=text.startswith("#!"))
        for path, text in files.items()
    )
    return Package(name, "1.0", "0", noarch="generic", entries=tuple(entries))


SAMPLES = (
    _sample(
        "activation-sample",
        {
            "etc/conda/activate.d/activation-sample.sh": _ACTIVATE,
            "etc/conda/deactivate.d/activation-sample.sh": _DEACTIVATE,
        },
    ),
    _sample("live-sample", {"etc/conda/activate.d/live-sample.sh": _ACTIVATE_LIVE}),
    _sample(
        "post-link-sample",
        {"bin/.post-link-sample-post-link.sh": _POST_LINK, "share/post-link-sample/data": "1\n"},
    ),
)
