"""What an import must leave as it was: forks would share it, or lose it, or a script notice."""

import gc
import os
import sys
import time
from _signal import ITIMER_REAL, getitimer

QUIET_DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")
PATIENCE = 200  # looks at threads that are ending
SHOWN = 200  # bytes of what a module prints


class Refused(Exception):
    """A module after which the process cannot be forked: its name, the reason, details."""


class Checks:
    """What each import must leave as it was."""

    def __init__(self, control, local):
        self.known = {0, 1, 2, control}
        self.local = tuple(os.path.join(folder, "") for folder in local)
        self.cwd = os.getcwd()
        self.begin()

    def begin(self):
        """Note what is there."""
        self.size = os.fstat(1).st_size
        self.path = list(sys.path)
        self.modules = set(sys.modules)

    def check(self, name):
        """Raise Refused for the first check that fails."""
        for reason, found in CHECKS:
            detail = found(self)
            if detail:
                raise Refused(name, reason, detail)

    def printed(self):
        sys.stdout.flush()
        sys.stderr.flush()
        return os.pread(1, SHOWN, self.size).split(b"\n")[0] or os.fstat(1).st_size > self.size

    def streams(self):
        kept = [(sys.stdin, sys.__stdin__), (sys.stdout, sys.__stdout__)]
        kept.append((sys.stderr, sys.__stderr__))
        return any(now is not then for now, then in kept) and "streams"

    def descriptors(self):
        for name in os.listdir("/proc/self/fd"):
            try:
                target = os.readlink("/proc/self/fd/" + name)
            except OSError:
                continue  # that of the listing
            if int(name) not in self.known and target not in QUIET_DEVICES:
                return target

    def processes(self):
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return None
        return "child"

    def threads(self):
        if threads() > 1:
            # Libraries such as OpenBLAS end their threads before a fork, and start them when used.
            pid = os.fork()
            if pid == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            for _ in range(PATIENCE):
                if threads() == 1:
                    return None
                time.sleep(0.001)
            return str(threads())

    def timers(self):
        return getitimer(ITIMER_REAL)[0] and "timer"

    def memory(self):
        with open("/proc/self/maps", "rb") as maps:
            for line in maps:
                _, permissions, rest = line.split(None, 2)
                if b"w" in permissions and b"s" in permissions:
                    return os.fsdecode(rest.split(None, 3)[-1].strip())

    def temporary(self):
        tempfile = sys.modules.get("tempfile")
        return tempfile and tempfile.tempdir

    def search_path(self):
        return sys.path != self.path and "sys.path"

    def working_folder(self):
        return os.getcwd() != self.cwd and os.getcwd()

    def own_modules(self):
        for name in set(sys.modules) - self.modules:
            file = getattr(sys.modules[name], "__file__", None) or ""
            if file.startswith(self.local) and not file.startswith(sys.prefix):
                return name

    def generators(self):
        random, numpy = sys.modules.get("random"), sys.modules.get("numpy.random")
        shared = [getattr(random, "_inst", None), getattr(numpy, "mtrand", None)]
        shared[1] = getattr(shared[1], "_rand", None)
        kinds = [getattr(random, "Random", None)]
        kinds += [getattr(numpy, kind, None) for kind in ("Generator", "RandomState")]
        for it in gc.get_objects():
            if type(it) in kinds and not any(it is one for one in shared):
                return type(it).__name__


def threads():
    """Return how many threads the process has."""
    return len(os.listdir("/proc/self/task"))


CHECKS = (
    ("prints", Checks.printed),
    ("replaces-streams", Checks.streams),
    ("keeps-open", Checks.descriptors),
    ("starts-processes", Checks.processes),
    ("starts-threads", Checks.threads),
    ("starts-timer", Checks.timers),
    ("shares-memory", Checks.memory),
    ("uses-temporary-folder", Checks.temporary),
    ("changes-path", Checks.search_path),
    ("changes-folder", Checks.working_folder),
    ("imports-local", Checks.own_modules),
    ("keeps-generator", Checks.generators),
)
"""Reasons, and what returns their details: what a fork would share or lose, or a script notice."""
