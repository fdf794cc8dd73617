"""Four models in the memory that their numbers need: what has been freed goes back to the system."""

import ctypes
import os
import sys

# TensorFlow with oneDNN takes memory in regions that double in size and never gives one back. Its other allocator does;
# which one it is, is settled when the first tensor is made.
os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")

# Blocks from this size on, in bytes, are the system's own and not pieces of a heap that others keep from shrinking. By
# itself glibc raises its limit to the size of what it has seen freed, up to 32 MiB.
LARGE = 1 << 20
_M_MMAP_THRESHOLD = -3


def return_large_blocks() -> None:
    """From now on large blocks go back to the system as soon as they are freed; without glibc nothing is done."""
    if hasattr(_C, "mallopt"):
        _C.mallopt(_M_MMAP_THRESHOLD, LARGE)


def give_back() -> None:
    """Gives the pages that the C library keeps for later back to the system; without glibc nothing is done."""
    if hasattr(_C, "malloc_trim"):
        _C.malloc_trim(0)


_C = ctypes.CDLL(None) if sys.platform == "linux" else None
