"""Puts the memory of the zygote into large pages, which forks share by one entry for 512 pages.

A fork copies the entries of all pages that the zygote has written, and the child's end removes
them: for pandas, that is a third of what both take.
"""

try:
    from _ctypes import _SimpleCData as Simple
    from _ctypes import call_cdeclfunction, dlopen, dlsym

    MADVISE = dlsym(dlopen(None, 0), "madvise")
except (ImportError, OSError):
    MADVISE = None

LARGE = 1 << 21  # bytes
MADV_COLLAPSE = 25  # Linux 6.1, whatever the machine's settings for large pages


def collapse():
    """Have the kernel collapse what there is of data; what it cannot is left as it is."""
    if MADVISE is None:
        return

    class Word(Simple):
        _type_ = "P"

    with open("/proc/self/maps", "rb") as maps:
        lines = maps.read().splitlines()
    for line in lines:
        span, permissions, _, _, inode = line.split(None, 5)[:5]
        first, end = (int(address, 16) for address in span.split(b"-"))
        first = -first // LARGE * -LARGE
        end -= end % LARGE
        if permissions == b"rw-p" and inode == b"0" and first < end:
            call_cdeclfunction(MADVISE, (Word(first), Word(end - first), MADV_COLLAPSE))
