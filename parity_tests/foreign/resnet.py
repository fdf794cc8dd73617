"""ResNet50 of keras.applications, and torchvision's."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
from keras.src.applications import resnet as keras_resnet

from parity_tests.foreign.cpu_wheels import make_importable
from tfvc.parity import LayerTable, ParityCase
from tfvc.weights import Constant

CLASSES = 10


def keras_model(blocks: tuple[int, ...], size: int) -> keras.Model:
    """[batch, size, size, 3] -> [batch, classes]; blocks of each stage, (3, 4, 6, 3) for ResNet50."""

    def stages(x: Any) -> Any:
        for stage, count in enumerate(blocks):
            stride = 1 if stage == 0 else 2
            x = keras_resnet.stack_residual_blocks_v1(x, 64 * 2**stage, count, stride, name=f"conv{stage + 2}")
        return x

    settings = {"weights": None, "input_shape": (size, size, 3), "classes": CLASSES, "classifier_activation": None}
    return keras_resnet.ResNet(stages, preact=False, use_bias=True, name="resnet", **settings)


def torch_model(blocks: tuple[int, ...], like_keras: bool = True) -> Any:
    """[batch, 3, height, width] -> [batch, classes]."""
    make_importable()
    from torch import nn
    from torchvision.models import resnet

    norm = partial(nn.BatchNorm2d, eps=1.001e-5, momentum=0.01) if like_keras else None
    module = resnet.ResNet(resnet.Bottleneck, list(blocks), num_classes=CLASSES, norm_layer=norm)
    for stage in (module.layer2, module.layer3, module.layer4) if like_keras else ():
        # Keras has the paper's stride in the first convolution of a stage, torchvision in the second.
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return module


def _pairs(blocks: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    yield from (("conv1", "conv1_conv"), ("bn1", "conv1_bn"), ("fc", "predictions"))
    for stage, count in enumerate(blocks):
        for block in range(count):
            torch, name = f"layer{stage + 1}.{block}", f"conv{stage + 2}_block{block + 1}"
            for i in (1, 2, 3):
                yield from ((f"{torch}.conv{i}", f"{name}_{i}_conv"), (f"{torch}.bn{i}", f"{name}_{i}_bn"))
            if block == 0:
                yield from ((f"{torch}.downsample.0", f"{name}_0_conv"), (f"{torch}.downsample.1", f"{name}_0_bn"))


def case(blocks: tuple[int, ...] = (3, 4, 6, 3), size: int = 64, like_keras: bool = True) -> ParityCase:
    """The pair; torchvision's convolutions have no bias, Keras's are held at zero."""

    def biases(model: keras.Model) -> list[Constant]:
        return [Constant(layer.bias, 0.0) for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]

    return ParityCase(
        "resnet",
        lambda: keras_model(blocks, size),
        lambda: torch_model(blocks, like_keras),
        LayerTable(dict(_pairs(blocks)), biases),
        lambda rng: {"images": rng.standard_normal((2, size, size, 3))},
        torch_forward=lambda module, x: {"output": module(x["images"].permute(0, 3, 1, 2))},
        accepted=("biased running variance",),
    )


def small() -> ParityCase:
    """One block of each stage, for bugs to be planted in; at this size the last has more than one pixel."""
    return case((1, 1, 1, 1), 64)
