"""Memory of a process that ends with its one command."""

from __future__ import annotations

import contextlib

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""mallopt(3) of the GNU C library."""
KEPT_BYTES = 2**30
LARGEST_BYTES = 2**25
"""That the library takes for M_MMAP_THRESHOLD."""
AT_ONCE_BYTES = 2**26


def keep_memory() -> None:
    """Have the C library keep what is let go for what is needed next. By default each array of
    more than 128 KiB is memory that the kernel has to clear, page by page, and gets back: a
    quarter of the time that a million trials take to be read. Other libraries are left alone."""
    with contextlib.suppress(ImportError, OSError):  # a Python without ctypes, or linked statically
        import ctypes

        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(M_MMAP_THRESHOLD, LARGEST_BYTES)
            mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
            mallopt(M_TOP_PAD, AT_ONCE_BYTES)
