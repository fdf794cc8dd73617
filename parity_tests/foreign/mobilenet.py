"""MobileNetV2 of keras.applications, and torchvision's."""

from functools import partial
from typing import Any

import keras

from parity_tests.foreign.cpu_wheels import make_importable
from tfvc.parity import LayerTable, ParityCase

CLASSES = 10
# Keras name -> torch path in a block: an expanded one, and the first.
BLOCK = {
    "expand": "0.0",
    "expand_BN": "0.1",
    "depthwise": "1.0",
    "depthwise_BN": "1.1",
    "project": "2",
    "project_BN": "3",
}
FIRST = {"depthwise": "0.0", "depthwise_BN": "0.1", "project": "1", "project_BN": "2"}
TABLE = LayerTable(
    {"features.0.0": "Conv1", "features.0.1": "bn_Conv1"}
    | {f"features.1.conv.{path}": f"expanded_conv_{name}" for name, path in FIRST.items()}
    | {f"features.{i + 1}.conv.{path}": f"block_{i}_{name}" for i in range(1, 17) for name, path in BLOCK.items()}
    | {"features.18.0": "Conv_1", "features.18.1": "Conv_1_bn", "classifier.1": "predictions"}
)


def torch_model(width: float, as_keras: bool) -> Any:
    """[batch, 3, height, width] -> [batch, classes]; with Keras's constants, or those of torchvision."""
    make_importable()
    from torch.nn import BatchNorm2d
    from torchvision.models import mobilenet_v2

    constants = {"norm_layer": partial(BatchNorm2d, eps=1e-3, momentum=1e-3), "dropout": 0.0} if as_keras else {}
    return mobilenet_v2(num_classes=CLASSES, width_mult=width, **constants)


def case(size: int = 65, width: float = 1.0, as_keras: bool = True) -> ParityCase:
    """Right: torch is given Keras's constants, and Keras an odd size, at which it pads as torch does."""
    return ParityCase(
        "mobilenet",
        lambda: keras.applications.MobileNetV2(
            (size, size, 3), alpha=width, weights=None, classes=CLASSES, classifier_activation=None
        ),
        lambda: torch_model(width, as_keras),
        TABLE,
        lambda rng: {"images": rng.standard_normal((2, size, size, 3))},
        torch_forward=lambda module, x: {"output": module(x["images"].permute(0, 3, 1, 2))},
        accepted=("biased running variance",),
    )


def as_they_come(width: float = 1.0) -> ParityCase:
    """Both with what their makers chose, at an even size."""
    return case(64, width, as_keras=False)


def small() -> ParityCase:
    """The narrow one, for bugs to be planted in."""
    return case(33, 0.35)
