"""torchvision and torchaudio beside a torch for the CPU.

Their wheels of the package index have C++ operators that are built for torch with CUDA. Beside a torch for the CPU
these do not load, and importing either fails, as does importing what imports them (transformers, torchcrepe). The
models here are Python alone.
"""

import sys
from types import ModuleType


def make_importable() -> None:
    """Makes `import torchvision` and `import torchaudio` work."""
    import torch

    try:
        import torchvision
    except RuntimeError:
        # It describes two operators, which need a signature for that.
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: F401
    try:
        import torchaudio
    except OSError:
        extension = ModuleType("torchaudio._extension")
        extension._IS_TORCHAUDIO_EXT_AVAILABLE = False
        extension.fail_if_no_align = lambda function: function
        sys.modules[extension.__name__] = extension
        import torchaudio  # noqa: F401
