"""The jobs and the answers of the driver of pip, and the files that it keeps."""

from __future__ import print_function

import hashlib
import json
import os
import shutil
import sys
import tempfile

from pip._internal.utils.misc import redact_auth_from_url

JOB = json.load(open(sys.argv[1]))
CACHE = JOB["cache"].encode("utf-8") if sys.version_info[0] == 2 else JOB["cache"]
ANSWER = {}


class StoppedError(Exception):
    """Ends pip, which reports any exception as a failure of its own."""

    def __init__(self, url, **reason):
        super(StoppedError, self).__init__(url)
        self.answer = dict(reason, url=redact_auth_from_url(url))


def keep(path, source):
    """Write a stream to a file of the cache, all of it or nothing."""
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder)
    except OSError:  # others make it at the same time
        if not os.path.isdir(folder):
            raise
    handle, temporary = tempfile.mkstemp(prefix=".tmp", dir=folder)
    with os.fdopen(handle, "wb") as stream:
        shutil.copyfileobj(source, stream)
    os.rename(temporary, path)


def digest_of(path):
    found = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(1 << 20), b""):
            found.update(chunk)
    return found.hexdigest()
