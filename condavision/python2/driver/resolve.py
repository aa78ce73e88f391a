"""Runs pip 20.3.4, the last for Python 2.7, under that Python, and says what it resolved.

``resolve.py JOB ANSWER PIP-ARGUMENTS...``: JOB and ANSWER are JSON files; ``run_pip.py`` has their
fields. This pip is pinned by its hash, so its internals are as stable as an interface. Replaced are

- pages: JSON (PEP 691, with the dates of PEP 700) where an index has it, requested as soon as a
  requirement is known, kept for use offline and as long as the index says, and of a project only
  from the first index that has it, as uv does;
- downloads: kept by their sha256;
- candidates: excluded projects are dropped, versions locked before are preferred;
- tags and markers, where the solve is for another platform than this one.
"""

from __future__ import print_function

import json
import os
import sys

from pip._internal.cli.main import main
from pip._internal.exceptions import NetworkConnectionError
from pip._internal.index import collector, package_finder
from pip._internal.models.target_python import TargetPython
from pip._internal.models.wheel import Wheel
from pip._internal.operations import prepare
from pip._internal.resolution.resolvelib.factory import Factory
from pip._internal.resolution.resolvelib.resolver import Resolver
from pip._internal.utils import subprocess
from pip._internal.utils.misc import remove_auth_from_url
from pip._vendor.packaging import markers
from pip._vendor.packaging.tags import Tag
from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.requests.exceptions import RequestException

sys.dont_write_bytecode = True  # beside this file
from job import ANSWER, CACHE, JOB, StoppedError, digest_of, keep
from pages import LATE, Page, Pages

sys.dont_write_bytecode = False

SOURCES = set()


def place_of(digest, link):
    return os.path.join(CACHE, "files", str(digest), str(link.filename))


def get_http_url(link, download, download_dir=None, hashes=None):
    try:
        return read_file(link, download, hashes)
    except StoppedError as reason:
        ANSWER.update(reason.answer)
        raise


def read_file(link, download, hashes):
    if link.hash_name == "sha256":
        place = place_of(link.hash, link)
        if os.path.exists(place) and digest_of(place) == link.hash:
            return prepare.File(place, None)
    if JOB["offline"]:
        raise StoppedError(link.url, kind="offline")
    try:
        file = fetched(link, download, None, hashes)
    except (NetworkConnectionError, RequestException) as error:
        raise StoppedError(link.url, kind="unreachable", reason=str(error))
    place = place_of(digest_of(file.path), link)
    with open(file.path, "rb") as stream:
        keep(place, stream)
    return prepare.File(place, file.content_type)


RANKS = {}


def ranks(wheel, tags):
    """Return the places of a wheel's tags in the list of supported ones, which pip searches."""
    if not RANKS:
        RANKS.update((tag, place) for place, tag in enumerate(tags))
    return [RANKS[tag] for tag in wheel.file_tags if tag in RANKS]


CANDIDATES = {}


def find_all_candidates(self, name):
    if name not in CANDIDATES:  # the cache that pip has on Python 3
        CANDIDATES[name] = all_candidates(self, name)
    return CANDIDATES[name]


def evaluate_link(self, link):
    found = evaluated(self, link)
    if (
        not found[0]
        and "source" not in self._formats
        and link.splitext()[1] not in ("", ".whl")
        and package_finder._check_link_requires_python(link, self._target_python.py_version_info)
    ):
        SOURCES.add(self._canonical_name)
    return found


def sort_key(self, candidate):
    wanted = JOB["preferred"].get(canonicalize_name(candidate.name))
    return (wanted == str(candidate.version), sorted_by(self, candidate))


def make_requirement(self, ireq, requested_extras):
    if ireq.name and canonicalize_name(ireq.name) in JOB["excluded"]:
        return None
    found = required(self, ireq, requested_extras)
    if found is not None and ireq.name:
        PAGES.expect(self._finder, ireq.name)
    return found


BROKEN = []


def output_error(cmd_args, cwd, lines, exit_status):
    stripped = [line.strip() for line in lines if line.strip()]
    BROKEN.extend(stripped[-1:])
    return original_error(cmd_args, cwd, lines, exit_status)


def explain(self, error):
    causes = [
        {
            "name": canonicalize_name(req.project_name),
            "requirement": str(req),
            "by": by and "%s %s" % (by.project_name, by.version),
        }
        for req, by in error.causes
    ]
    names = {cause["name"] for cause in causes}
    ANSWER.update(
        kind="impossible",
        causes=causes,
        broken=sorted(set(BROKEN)),
        only_source=bool(names & SOURCES),
        too_new=any(belongs(filename, names) for filename in LATE),
    )
    return explained(self, error)


def belongs(filename, names):
    return any(canonicalize_name(filename).startswith(name + "-") for name in names)


def resolve(self, root_reqs, check_supported_wheels):
    found = resolved(self, root_reqs, check_supported_wheels)
    packages = []
    for candidate in self._result.mapping.values():
        ireq = candidate.get_install_requirement()
        if ireq is None:  # extras, which are another candidate
            continue
        link = ireq.original_link or ireq.link
        packages.append(
            {
                "name": canonicalize_name(candidate.project_name),
                "version": str(candidate.version),
                "url": remove_auth_from_url(link.url_without_fragment),
                "sha256": digest_of(ireq.local_file_path),
            }
        )
    ANSWER.update(kind="solved", packages=packages)
    return found


PAGES = Pages()
fetched, prepare.get_http_url = prepare.get_http_url, get_http_url
collector.LinkCollector.fetch_page = lambda self, location: PAGES.fetch(self, location)
parsed = package_finder.parse_links
package_finder.parse_links = lambda page: (
    list(page.links()) if isinstance(page, Page) else parsed(page)
)
Wheel.supported = lambda self, tags: bool(ranks(self, tags))
Wheel.support_index_min = lambda self, tags: min(ranks(self, tags))
all_candidates, package_finder.PackageFinder.find_all_candidates = (
    package_finder.PackageFinder.find_all_candidates,
    find_all_candidates,
)
evaluated, package_finder.LinkEvaluator.evaluate_link = (
    package_finder.LinkEvaluator.evaluate_link,
    evaluate_link,
)
sorted_by, package_finder.CandidateEvaluator._sort_key = (
    package_finder.CandidateEvaluator._sort_key,
    sort_key,
)
required, Factory.make_requirement_from_install_req = (
    Factory.make_requirement_from_install_req,
    make_requirement,
)
original_error, subprocess.make_subprocess_output_error = (
    subprocess.make_subprocess_output_error,
    output_error,
)
explained, Factory.get_installation_error = Factory.get_installation_error, explain
resolved, Resolver.resolve = Resolver.resolve, resolve
if JOB["tags"]:
    tags = [Tag(*tag) for tag in JOB["tags"]]
    TargetPython.get_tags = lambda self: tags
usual = markers.default_environment
markers.default_environment = lambda: dict(usual(), **JOB["markers"])

code = main(sys.argv[3:])
with open(sys.argv[2], "w") as stream:
    json.dump(ANSWER, stream)
sys.exit(code)
