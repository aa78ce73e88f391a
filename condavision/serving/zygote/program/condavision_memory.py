"""Puts the memory of the zygote into large pages, which forks share by one entry for 512 pages.

A fork copies the entries of all pages that the zygote has written, and the child's end removes
them: for pandas, that is a third of what both take.
"""

from condavision_c import Word, address, call

MADVISE = address("madvise")
LARGE = 1 << 21  # bytes
MADV_COLLAPSE = 25  # Linux 6.1, whatever the machine's settings for large pages


def collapse():
    """Have the kernel collapse what there is of data; what it cannot is left as it is."""
    if MADVISE is None:
        return
    with open("/proc/self/maps", "rb") as maps:
        lines = maps.read().splitlines()
    for line in lines:
        span, permissions, _, _, inode = line.split(None, 5)[:5]
        first, end = (int(number, 16) for number in span.split(b"-"))
        first = -first // LARGE * -LARGE
        end -= end % LARGE
        if permissions == b"rw-p" and inode == b"0" and first < end:
            call(MADVISE, (Word(first), Word(end - first), MADV_COLLAPSE))
