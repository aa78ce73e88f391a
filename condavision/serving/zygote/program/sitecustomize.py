"""Turns the interpreter that finds this file on PYTHONPATH into a zygote, before it runs a script.

Site imports it, in the Python of the environment: 3.6 and later, and Python 2 far enough to say no.
Nothing but the standard library is used, and nothing of it stays where a script could see it.
"""

import os
import sys


def _start():
    if sys.version_info < (3, 6):
        os.read(0, 1 << 16)  # or the answer would be lost
        os.write(0, ("python\0%d.%d" % sys.version_info[:2]).encode("ascii"))
        os._exit(0)
    known = set(sys.modules)
    try:
        import condavision_zygote

        condavision_zygote.install(os.path.dirname(__file__))
    except BaseException:  # or the interpreter would continue and run the script
        sys.excepthook(*sys.exc_info())
        os._exit(70)
    for name in set(sys.modules) - known:
        del sys.modules[name]


_start()
_ours = sys.modules.pop(__name__)
try:
    import sitecustomize  # noqa: F401 - the environment's own, if it has one
except ImportError as error:
    if error.name != __name__:
        raise
    sys.modules[__name__] = _ours  # importlib expects it; removed when the zygote starts
