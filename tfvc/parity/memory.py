"""Four models in the memory that their numbers need: what has been freed goes back to the system."""

import ctypes
import os
import sys

# TensorFlow with oneDNN takes memory in regions that double in size and never gives one back. Its other allocator does;
# it is chosen when the first tensor is made.
os.environ.setdefault("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1")


def give_back() -> None:
    """Gives the pages that the C library keeps for later back to the system; does nothing where it is not glibc.

    Tensors of a few MiB come and go in another order than that in which they lie, so that glibc by itself keeps up to
    a GiB of them.
    """
    trim = getattr(_C, "malloc_trim", None)
    if trim is not None:
        trim(0)


_C = ctypes.CDLL(None) if sys.platform == "linux" else None
