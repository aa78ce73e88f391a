"""How a child ends, when its script has ended and what it registered with ``atexit`` is done.

The interpreter would now take all modules apart, which copies most of the memory that the child
shares with its zygote. That shows only if there are objects that do something when they end.
"""

import gc
import os
import sys
from _frozen_importlib_external import PathFinder
from _io import TextIOWrapper
from _io import open as open_file
from _thread import _count as count_threads
from _weakref import ref

from condavision_c import address, call

EXIT = address("exit")
MODULE = type(sys)
NO_ATEXIT = 0x80000  # OPENSSL_INIT_NO_ATEXIT (openssl/crypto.h)
BOOKKEEPING = ("_abc", "_weakrefset", "logging", "weakref")
"""Modules whose callbacks of weak references only forget what has ended."""
FORGETTING = ("_destroy", "_localdummy_destroyed")
"""Such callbacks of ``_abc`` and ``threading.local``, which name no module."""
INTERPRETERS = ("_interpreters", "_xxsubinterpreters")


class OpenSSLFinder:
    """Finds nothing; before OpenSSL is used, has it leave its memory to the system at the end.

    It frees each piece of it otherwise, which copies as many pages as pandas needs for a table.
    """

    @staticmethod
    def find_spec(name, path=None, *_):
        if EXIT and name in ("_hashlib", "_ssl"):
            spec = PathFinder.find_spec(name, path)
            file = getattr(spec, "origin", None)  # None if it is built in
            init = file and address("OPENSSL_init_crypto", file)
            if init:  # else it is another library or release
                call(init, (NO_ATEXIT, None))


def leave_quickly(zygote):
    """End the process as far as that cannot be noticed, or keep the interpreter from doing more.

    Called after all else in ``atexit``. What an object does at its end shows: where there are such
    objects, which the modules may hold, all is taken apart as ever.
    """
    made = gc.get_objects()  # those that are not frozen: made by the script
    streams = standard_streams()
    if any(hasattr(type(it), "__del__") and id(it) not in streams for it in made):
        zygote.preloaded.clear()
        if hasattr(gc, "unfreeze"):  # 3.7
            gc.unfreeze()
        return
    if EXIT and has_succeeded(made, zygote) and is_silent() and not any(map(is_heard, made)):
        if not is_flushed():
            return  # for the interpreter to meet, and to report
        for it in made:
            if type(it) is MODULE:
                vars(it).clear()  # what the script has made ends: libraries may write files then
        del made, it
        gc.collect()  # which closes suspended generators: they may have said something
        is_flushed()
        call(EXIT, (0,))  # C's own: libraries have functions of theirs called by it
    for name, module in zygote.preloaded.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]


def is_flushed():
    """Flush what the script has printed; return whether that is possible."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return False
    return True


def standard_streams():
    """Return the IDs of the standard streams, and of what they consist of."""
    found = set()
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        while stream is not None:
            found.add(id(stream))
            stream = getattr(stream, "buffer", getattr(stream, "raw", None))
    return found


def has_succeeded(made, zygote):
    """Return whether the script has run to its end, and its exit code is 0.

    The interpreter then has removed what it had added to ``__main__``; it does not after
    SystemExit, whose code only it knows. It leaves what it has printed of any other exception.
    """
    for it in made:
        if id(it) == zygote.main and type(it) is MODULE:
            names = vars(it)
            removed = "__file__" not in names and (
                "__cached__" not in names or sys.version_info < (3, 8)
            )
            ended = removed and names.get("__name__") == "__main__"
            return ended and not hasattr(sys, "last_type") and not removes_names(zygote.script)
    return False


def removes_names(script):
    """Return whether a script may itself have removed what the interpreter removes at its end."""
    name = b"__cached__" if sys.version_info >= (3, 8) else b"__file__"
    try:
        with open_file(script, "rb") as file:
            return name in file.read()
    except OSError:
        return True


def is_silent():
    """Return whether the interpreter itself would say or do nothing more that shows."""
    return not (
        count_threads()
        or gc.callbacks
        or gc.get_debug()
        or sys.gettrace()
        or sys.getprofile()
        or sys.flags.verbose
        or "PYTHONMALLOCSTATS" in os.environ
        or any(name in sys.modules for name in INTERPRETERS)
        or any(
            type(now) is not TextIOWrapper or now is not then
            for now, then in ((sys.stdout, sys.__stdout__), (sys.stderr, sys.__stderr__))
        )
    )


def is_heard(it):
    """Return whether something of the script's is called when an object ends."""
    if isinstance(it, type):
        return hasattr(it, "__del__")  # its objects need not be known to the garbage collector
    callback = it.__callback__ if isinstance(it, ref) else None
    if callback is None or getattr(callback, "__module__", "") in BOOKKEEPING:
        return False
    return type(callback) is not type(len) or callback.__name__ not in FORGETTING
