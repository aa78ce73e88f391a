"""What makes a forked child the process that ``python SCRIPT`` would have started.

It is forked before its request comes, as a packet: ``args``, ``environ`` (pairs, in order) and
``cwd``, marshalled, with all text as bytes. With it come the standard streams as descriptors, and,
if it is large, a file that has it instead.
"""

import _frozen_importlib_external as importlib
import marshal
import os
import sys
from _io import open as open_stream
from _socket import AF_UNIX, CMSG_SPACE, SOCK_SEQPACKET, socket

LARGEST = 1 << 14  # bytes of a packet
STREAMS = 3
ITEM = 4  # bytes of a descriptor in a control message


def become(descriptor, state):
    """Become the process of the request that comes; ``state`` is what preloading left.

    Return the ID of the module ``__main__``.
    """
    os.setsid()
    for name, renew in RENEWED.items():
        if name in sys.modules:
            renew(sys.modules[name])
    main = renew_main()
    request = received(descriptor)
    set_environment(request["environ"], state.changed)
    os.chdir(request["cwd"])
    set_arguments([os.fsdecode(arg) for arg in request["args"]])
    if state.folder and sys.path[0] == state.folder:
        sys.path[0] = os.getcwd()  # of `python -m`
    for folder in state.local:  # a fresh process reads them now
        sys.path_importer_cache.pop(folder, None)
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        reopen(stream)
    if "logging" in sys.modules:
        renew_logging(sys.modules["logging"])
    return main


def received(descriptor):
    """Wait for the request, and take over its streams; end if none comes any more."""
    control = socket(AF_UNIX, SOCK_SEQPACKET, 0, descriptor)
    packet, ancillary, _, _ = control.recvmsg(LARGEST, CMSG_SPACE((STREAMS + 1) * ITEM))
    control.close()
    if not packet:
        os._exit(0)
    descriptors = descriptors_of(ancillary)
    for number in range(STREAMS):
        os.dup2(descriptors[number], number)
    for large in descriptors[STREAMS:]:
        os.lseek(large, 0, os.SEEK_SET)
        with open(large, "rb", closefd=False) as file:
            packet = file.read()
    for it in descriptors:
        os.close(it)
    return marshal.loads(packet)


def descriptors_of(ancillary):
    """Return the descriptors that came with a packet."""
    return [
        int.from_bytes(part[at : at + ITEM], sys.byteorder)
        for _, _, part in ancillary
        for at in range(0, len(part), ITEM)
    ]


def set_arguments(args):
    """Add the arguments of the request to the script's name."""
    if hasattr(sys, "orig_argv"):  # 3.10
        sys.orig_argv.extend(args)
    if hasattr(sys, "argv"):
        sys.argv.extend(args)
        return
    # 3.6 sets it later. The next thing it then asks for is the loader to note in `__main__`.
    loader = importlib.SourceFileLoader

    def note(name, file):
        importlib.SourceFileLoader = loader
        sys.argv.extend(args)
        return loader(name, file)

    importlib.SourceFileLoader = note


def set_environment(pairs, changed=()):
    """Replace the environment, in the given order; then repeat what the modules changed."""
    os.environ.clear()
    for name, value in pairs:
        os.environb[name] = value
    for name, value in changed:
        if value is None:
            os.environb.pop(name, None)
        else:
            os.environb[name] = value


def reopen(stream):
    """Initialize a standard stream again, as ``create_stdio`` (pylifecycle.c) does.

    It stays the same object, for modules that have kept it; its encoding came from variables and
    flags that are the same. How it is buffered depends on the kind of file.
    """
    descriptor = stream.fileno()
    through = getattr(stream, "write_through", False)  # 3.7
    buffered = hasattr(stream.buffer, "raw")
    mode = "wb" if stream.writable() else "rb"
    buffer = open_stream(descriptor, mode, -1 if buffered else 0, closefd=False)
    raw = buffer.raw if buffered else buffer
    raw.name = stream.name
    line = stream.line_buffering or (raw.isatty() and not through)
    stream.__init__(buffer, stream.encoding, stream.errors, "\n", line, through)


def renew_main():
    """Replace ``__main__`` by a copy that the garbage collector knows; return its ID."""
    frozen = sys.modules["__main__"]
    sys.modules["__main__"] = fresh = type(sys)("__main__")
    fresh.__dict__.clear()
    fresh.__dict__.update(frozen.__dict__)
    return id(fresh)


def renew_logging(module):
    """Count ``relativeCreated`` from now."""
    import time

    started = module._startTime
    module._startTime = time.time_ns() if isinstance(started, int) else time.time()  # 3.13


def renew_key(module):
    """Give the process a secret of its own to authenticate its workers with."""
    module.current_process().authkey = os.urandom(32)


def renew_thread(module):
    """Let the main thread know its ID (3.8)."""
    renew = getattr(module.main_thread(), "_set_native_id", None)
    if renew:
        renew()


RENEWED = {
    "multiprocessing.process": renew_key,
    "numpy.random": lambda module: module.seed(),
    "threading": renew_thread,
}
if sys.version_info < (3, 7):  # later, Python does it at each fork
    RENEWED["random"] = lambda module: module.seed()
