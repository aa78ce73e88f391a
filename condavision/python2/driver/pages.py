"""The pages of package indexes, for pip: JSON where there is, concurrently, and kept."""

from __future__ import print_function

import hashlib
import io
import json
import os
import re
import time
from multiprocessing.pool import ThreadPool

from job import ANSWER, CACHE, JOB, StoppedError, keep
from pip._internal.index import collector
from pip._internal.models.link import Link
from pip._internal.utils.misc import remove_auth_from_url
from pip._vendor.requests.exceptions import RequestException
from pip._vendor.six.moves.urllib.parse import urljoin

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = JSON + ", text/html;q=0.2"
GONE = (404, 410)
REFUSED = (401, 403)


class Page(object):
    def __init__(self, url, kind, content):
        self.url, self.kind, self.content = url, kind, content

    def links(self):
        if not self.kind.startswith(JSON):
            page = collector.HTMLPage(self.content, None, self.url, cache_link_parsing=False)
            for link in collector.parse_links(page):
                if not is_late(link.filename, {}):
                    yield link
            return
        for item in json.loads(self.content.decode("utf-8"))["files"]:
            if is_of_python3(item["filename"]) or is_late(item["filename"], item):
                continue
            digest = item.get("hashes", {}).get("sha256")
            yanked = item.get("yanked", False)
            yield Link(
                urljoin(self.url, item["url"]) + ("#sha256=" + digest if digest else ""),
                comes_from=self.url,
                requires_python=item.get("requires-python"),
                yanked_reason=None if yanked is False else "" if yanked is True else yanked,
            )


def is_of_python3(filename):
    """Return whether a file is a wheel for other Pythons, as most are: it is not worth a link."""
    parts = filename.split("-")
    pythons = parts[-3].split(".") if filename.endswith(".whl") and len(parts) > 4 else ["py2"]
    return not any(python.startswith(("py2", "cp2")) for python in pythons)


LATE = set()


def is_late(filename, item):
    if not JOB["exclude_newer"]:
        return False
    date = item.get("upload-time")
    late = date is None or date[:19] >= JOB["exclude_newer"][:19]
    if late:
        LATE.add(filename)
    return late


def kept_page(path):
    try:
        with open(path, "rb") as stream:
            return json.loads(stream.read().decode("utf-8"))
    except (IOError, ValueError):  # never requested, or damaged
        return None


class Pages(object):
    def __init__(self):
        self.found = {}
        self.coming = {}
        self.askers = ThreadPool(8)

    def expect(self, finder, name):
        """Request a page that will be needed from the first index."""
        links = finder._link_collector
        for url in links.search_scope.get_index_urls_locations(name)[:1]:
            if not url.startswith("file:") and url not in self.coming:
                self.coming[url] = self.askers.apply_async(self.read, (links.session, url))

    def fetch(self, links, location):
        """Return a page; for ``LinkCollector.fetch_page``."""
        url = location.url.split("#", 1)[0]
        if url.startswith("file:"):
            return collector._get_html_page(location, links.session)
        project = url.rstrip("/").rpartition("/")[2]
        is_index = location.url not in links.find_links
        if is_index and JOB["first_index"] and self.found.get(project, url) != url:
            return None
        try:
            coming = self.coming.get(url)
            # with a timeout, as without one Python 2 cannot be interrupted
            page = coming.get(1 << 20) if coming else self.read(links.session, url)
        except StoppedError as reason:
            ANSWER.update(reason.answer)
            raise
        if page is not None and is_index:
            self.found.setdefault(project, url)
        return page

    def read(self, session, url):
        """Return the page of a url, None where there is none."""
        bare = remove_auth_from_url(url)
        stored = os.path.join(CACHE, "pages-1", hashlib.sha256(bare.encode("utf-8")).hexdigest())
        known = kept_page(stored)
        if JOB["offline"]:
            if known is None:
                raise StoppedError(url, kind="offline")
        elif known is None or not 0 <= time.time() - known["time"] < known["fresh"]:
            known = dict(self.ask(session, url, known), time=time.time())
            keep(stored, io.BytesIO(json.dumps(known).encode("utf-8")))
        if known["content"] is None:
            return None
        return Page(known["url"], known["kind"], known["content"].encode("latin-1"))

    def ask(self, session, url, known):
        headers = {"Accept": ACCEPT}
        if known and known["etag"]:
            headers["If-None-Match"] = known["etag"]
        try:
            response = session.get(url, headers=headers)
            content = response.content
        except RequestException as error:
            raise StoppedError(url, kind="unreachable", reason=str(error))
        if response.status_code == 304:
            return known
        if response.status_code in REFUSED:
            raise StoppedError(url, kind="refused", reason=str(response.status_code))
        if response.status_code >= 400 and response.status_code not in GONE:
            raise StoppedError(url, kind="unreachable", reason="HTTP %d" % response.status_code)
        fresh = re.search(r"max-age=(\d+)", response.headers.get("Cache-Control", ""))
        return {
            "url": remove_auth_from_url(response.url),
            "kind": response.headers.get("Content-Type", ""),
            "etag": response.headers.get("ETag", ""),
            "fresh": int(fresh.group(1)) if fresh else 0,
            "content": None if response.status_code in GONE else content.decode("latin-1"),
        }
