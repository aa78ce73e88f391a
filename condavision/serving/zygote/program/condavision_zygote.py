"""The zygote: an interpreter that stops just before it runs its script, and forks there.

``python SCRIPT`` asks the hooks in ``sys.path_hooks`` whether the script is a folder or an archive,
and ``python -m`` imports ``runpy``, as the last thing before it runs either. The zygote's hook does
not return there: it imports what the script will import, then waits for requests. Only in the
children it forks does it return, so that what follows, from reading the script to the exit code, is
the interpreter's own.

Messages are packets on a socket, which is the descriptor 0 at the start. From the server: what to
preload (marshalled), then one packet for each fork, with the socket on which it waits for its
request (:mod:`condavision_child`). To the server: fields separated by NUL.
``preload NAME``, ``refuse NAME REASON DETAIL``, ``ready``, ``pid PID`` for each fork in turn,
``fail ERRNO`` for one that could not be made, and ``exit PID STATUS``. The end of the stream ends
the zygote and its children.
"""

import atexit
import gc
import marshal
import os
import sys
from _signal import (
    SIG_BLOCK,
    SIG_DFL,
    SIG_SETMASK,
    SIGCHLD,
    SIGINT,
    SIGKILL,
    pthread_sigmask,
    signal,
)
from _socket import AF_UNIX, CMSG_SPACE, SOCK_SEQPACKET, socket
from _weakref import ref
from fcntl import F_GETFL, F_SETFL, F_SETOWN, fcntl

import condavision_child as child
import condavision_leaving as leaving
import condavision_memory as memory
import condavision_preload as preload

LARGEST = 1 << 16  # bytes of the first packet
SIGNALS = set(range(1, 65)) - {32, 33}  # all but those of the C library


class Zygote:
    """One for each process."""

    def __init__(self, control, order):
        self.control, self.order = control, order
        self.script = order["script"]
        self.running = set()
        self.preloaded = {}  # frozen, and so kept for ever
        self.main = 0  # the ID of its `__main__`, in a child
        self.entered = self.ended = self.reaping = False

    def send(self, *fields):
        """Send a message; without a server there is nothing left to do."""
        try:
            self.control.send(b"\0".join(map(encoded, fields)))
        except OSError:
            self.end()

    def end(self):
        """End the zygote and its children."""
        for pid in self.running:
            kill_group(pid)
        os._exit(0)

    def enter(self):
        """Be the zygote; return in its children."""
        self.entered = True
        try:
            sys.path_hooks, sys.meta_path = self.originals
            ours = sys.modules.get("sitecustomize")
            if ours and os.path.dirname(ours.__file__) == os.path.dirname(__file__):
                del sys.modules["sitecustomize"]
            if self.order["probe"]:
                self.send("hooked")
                os._exit(0)
            known = set(sys.modules)
            state = preload.run(self.order, self.send, self.control.fileno())
            self.preloaded.update((it, sys.modules[it]) for it in set(sys.modules) - known)
            self.kept_for_ever = [it for it in gc.get_objects() if is_of_weak_references(it)]
            gc.collect()
            if hasattr(gc, "freeze"):
                gc.freeze()
            memory.collapse()
            self.serve(state)
        except KeyboardInterrupt:  # a signal before the script has begun
            signal(SIGINT, SIG_DFL)
            os.kill(os.getpid(), SIGINT)
        except BaseException:  # or the interpreter would continue and run the script
            import traceback

            traceback.print_exc()
            os._exit(70)

    def serve(self, state):
        """Fork as often as asked to; return in the child."""
        fcntl(self.control, F_SETFL, fcntl(self.control, F_GETFL) & ~os.O_ASYNC)
        mask = pthread_sigmask(SIG_BLOCK, SIGNALS)
        handler = signal(SIGCHLD, self.on_child)
        self.send("ready")
        while True:
            pthread_sigmask(SIG_SETMASK, mask - {SIGCHLD})
            data, ancillary, _, _ = self.control.recvmsg(1, CMSG_SPACE(child.ITEM))
            pthread_sigmask(SIG_BLOCK, SIGNALS)  # the end of a child is sent after its start, and
            # what a child is sent waits until it can take it
            if not data:
                self.end()
            (waiting,) = child.descriptors_of(ancillary)
            try:
                pid = os.fork()
            except OSError as error:
                self.send("fail", error.errno)
            else:
                if pid == 0:
                    self.control.close()
                    self.main = child.become(waiting, state)
                    signal(SIGCHLD, handler)
                    pthread_sigmask(SIG_SETMASK, mask)
                    return
                self.running.add(pid)
                self.send("pid", pid)
            os.close(waiting)

    def on_child(self, *_):
        """Reap children; where this interrupts itself, the first call goes round once more."""
        self.ended = True
        if self.reaping:
            return
        self.reaping = True
        while self.ended:
            self.ended = False
            self.reap()
            self.reaping = self.ended
        self.reaping = False

    def reap(self):
        """Reap the children that have ended; what is left of their groups ends with them."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            kill_group(ended.si_pid)  # no other process can have its ID yet
            _, status = os.waitpid(ended.si_pid, 0)
            self.running.discard(ended.si_pid)
            self.send("exit", ended.si_pid, status)


def is_of_weak_references(it):
    """Return whether an object is a dictionary of weak references, as types have of subclasses.

    The interpreter frees these in the end, one reference after the other, all over the memory.
    """
    return type(it) is dict and any(type(value) is ref for value in it.values())


def encoded(field):
    """Return the field of a message."""
    return field if isinstance(field, bytes) else os.fsencode(str(field))


def kill_group(pid):
    """Kill the group that a child leads, if it has got as far as to lead one."""
    try:
        os.killpg(pid, SIGKILL)
    except OSError:
        pass


def install(folder):
    """Take the place that the script will have, and remove the traces of being there."""
    control = socket(AF_UNIX, SOCK_SEQPACKET, 0, os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    zygote = Zygote(control, marshal.loads(control.recv(LARGEST)))
    # The server sends nothing more until it hears that the zygote is ready: until then SIGIO means
    # that the server has ended, and ends this process wherever an import has got stuck.
    fcntl(control, F_SETOWN, os.getpid())
    fcntl(control, F_SETFL, fcntl(control, F_GETFL) | os.O_ASYNC)
    atexit.register(leaving.leave_quickly, zygote)  # the first, and so the last to run
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    sys.path_importer_cache.pop(folder, None)
    given = dict(zygote.order["environ"])
    del os.environ["PYTHONPATH"]
    zygote.order["coerced"] = [it for it in os.environb.items() if given.get(it[0]) != it[1]]
    child.set_environment(zygote.order["environ"], zygote.order["coerced"])  # LC_CTYPE: PEP 538

    def hook(path):
        if not zygote.entered and os.fsencode(path) == zygote.script:
            zygote.enter()
        raise ImportError(path)

    class Finder:
        @staticmethod
        def find_spec(name, *_):
            if not zygote.entered and name == "runpy":
                zygote.enter()

    # New lists: the interpreter is counting on the length of the one it reads.
    zygote.originals = sys.path_hooks, sys.meta_path
    if zygote.script:
        sys.path_hooks = zygote.kept = [hook, *sys.path_hooks]
    elif "runpy" in sys.modules:
        raise RuntimeError("runpy is imported before its time")
    else:
        sys.meta_path = zygote.kept = [Finder, *sys.meta_path]
