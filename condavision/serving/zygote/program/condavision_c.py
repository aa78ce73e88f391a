"""Functions of C libraries, for what Python has no function for."""

try:
    from _ctypes import _SimpleCData as SimpleCData
    from _ctypes import call_cdeclfunction as call
    from _ctypes import dlopen, dlsym
except ImportError:
    call = dlopen = dlsym = None
    SimpleCData = object


class Word(SimpleCData):
    """An argument of the size of an address; a plain number is an ``int``."""

    _type_ = "P"


def address(name, library=None):
    """Return the address of a function, for ``call``; None where there is none.

    ``library`` is a file; without, the function is one of the process.
    """
    try:
        return dlsym(dlopen(library, 0), name)
    except (AttributeError, OSError, TypeError):  # the last, where there is no `_ctypes`
        return None
