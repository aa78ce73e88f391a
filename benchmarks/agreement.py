"""Compare the versions that condavision's engine chooses with those of another solver.

For each set of packages and each platform, ``python >=3.10`` and the packages are solved by both,
alone, as ``lock`` does before it prefers equal versions on all platforms. Prints every difference
in Python or a package of the set, and the share of solves without any.

    python -m benchmarks.agreement --channel URL [--solver mamba] [--platform linux-64 ...]

``--solver`` is mamba, micromamba, conda, or another executable with their ``create --dry-run
--json``. Sets that neither can solve are skipped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from condavision.compile_stage.solving.channel_index import ChannelIndex
from condavision.compile_stage.solving.engine import Problem, SolveConditions
from condavision.compile_stage.solving.gateway import open_gateway
from condavision.compile_stage.solving.rattler_engine import RattlerEngine
from condavision.compile_stage.solving.with_pypi import in_order
from condavision.core.platforms import virtual_packages
from condavision.core.pythons import PythonRange
from condavision.errors import UnsolvableError

PYTHONS = PythonRange.at_least(3, 10)
PLATFORMS = ("linux-64", "win-64", "osx-arm64", "osx-64", "linux-aarch64")
OVERRIDDEN = ("archspec", "cuda", "glibc", "linux", "osx", "win")  # CONDA_OVERRIDE_...
SETS = """
fastapi
fastapi pydantic uvicorn
numpy pandas
numpy pandas scikit-learn requests
matplotlib numpy scipy
flask
django
requests beautifulsoup4 lxml
pytorch
pytorch torchvision
tensorflow
keras tensorflow
jupyterlab
boto3
sqlalchemy psycopg2
pyyaml click rich
opencv
pillow numpy
dask distributed
xarray netcdf4
geopandas
networkx matplotlib
seaborn
statsmodels pandas
plotly dash
bokeh
streamlit
scikit-image
numba
pyarrow pandas
polars
openpyxl pandas
aiohttp
httpx
celery redis-py
cryptography
paramiko
pytest
sympy
spacy
nltk
transformers
gensim
lightgbm xgboost
h5py numpy
protobuf grpcio
google-cloud-storage
sphinx
jinja2 markdown
tqdm joblib
psutil
pyside6
docker-py
pymongo
pyqt
cython numpy
biopython
rasterio
shapely pyproj
altair vega_datasets
"""


async def ours(index: ChannelIndex, packages: list[str], platform: str) -> dict[str, str] | None:
    conditions = SolveConditions(virtual_packages(platform, {}))
    problem = Problem(tuple(in_order(packages, PYTHONS)), platform, conditions)
    try:
        solved = await RattlerEngine(index).solve(problem)
    except UnsolvableError:
        return None
    return {package.name: package.version for package in solved}


def theirs(solver: str, channel: str, packages: list[str], platform: str) -> dict[str, str] | None:
    environ = {**os.environ, "CONDA_SUBDIR": platform}
    environ |= {f"CONDA_OVERRIDE_{name.upper()}": "" for name in OVERRIDDEN}
    for name, version, build in virtual_packages(platform, {}):
        environ[f"CONDA_OVERRIDE_{name.strip('_').upper()}"] = build or version
    command = [solver, "create", "--dry-run", "--json", "--yes", "--name", "none"]
    command += ["--override-channels", "--channel", channel, *in_order(packages, PYTHONS)]
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    actions = json.loads(result.stdout).get("actions")
    return {it["name"]: it["version"] for it in actions["LINK"]} if actions else None


def differences(
    names: list[str], one: dict[str, str] | None, other: dict[str, str] | None
) -> list[str]:
    if one is None or other is None:
        return [] if one is other else [f"only {'the other' if one is None else 'ours'} solves"]
    return [f"{name} {one[name]} / {other[name]}" for name in names if one[name] != other[name]]


async def compare(options: argparse.Namespace) -> tuple[int, int]:
    same = count = 0
    with tempfile.TemporaryDirectory() as cache:
        index = ChannelIndex(open_gateway(Path(cache)), [options.channel], [])
        for platform in options.platform or PLATFORMS:
            for packages in map(str.split, SETS.strip().splitlines()):
                one = await ours(index, packages, platform)
                other = theirs(options.solver, options.channel, packages, platform)
                if one is other is None:
                    continue
                found = differences(["python", *packages], one, other)
                count, same = count + 1, same + (not found)
                if found:
                    print(f"{platform}, {' '.join(packages)}: {', '.join(found)}")
    return same, count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--solver", default="mamba")
    parser.add_argument("--platform", action="append")
    same, count = asyncio.run(compare(parser.parse_args()))
    print(f"{same} of {count} solves ({same / count:.1%}) agree on Python and the given packages")
    sys.stdout.flush()
    os._exit(0)  # see the gateway: rattler can abort an interpreter at its end


if __name__ == "__main__":
    main()
