"""How much memory a comparison takes, measured in a process of its own."""

import json
import subprocess
import sys
from functools import cache

import pytest

from tfvc.parity import LayerTable, ParityCase
from tfvc.parity.cases.layers import normal_inputs, without_training

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
# Of one parameter: weights, gradients and two slots, in float64 and float32, on two sides.
BYTES_PER_PARAMETER = 4 * (8 + 4) * 2


def stack(layers: int, units: int, frames: int) -> ParityCase:
    """Projections with a LeakyReLU behind each."""

    def torch_module():
        from torch import nn

        return nn.Sequential(*(part for _ in range(layers) for part in (nn.Linear(units, units), nn.LeakyReLU(0.1))))

    def keras_model():
        import keras

        parts = [
            part
            for i in range(layers)
            for part in (keras.layers.Dense(units, name=f"dense_{i}"), keras.layers.LeakyReLU(0.1))
        ]
        return keras.Sequential([keras.Input((frames, units)), *parts])

    return ParityCase(
        "stack",
        keras_model,
        torch_module,
        LayerTable({str(2 * i): f"dense_{i}" for i in range(layers)}),
        normal_inputs(2, frames, units),
        keras_forward=without_training,
    )


class Peak:
    """The most memory that the process holds inside, in bytes more than at `base`."""

    def __init__(self, base: int = 0):
        self.base = base

    def __enter__(self) -> "Peak":
        import gc

        from tfvc.parity.memory import give_back

        gc.collect()
        give_back()
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the kernel's mark of the peak falls to what is held now
        return self

    def __exit__(self, *error: object) -> None:
        self.bytes = resident("VmHWM") - self.base


def resident(name: str = "VmRSS") -> int:
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(name))


def measure() -> dict[str, float]:
    """Bytes that training takes where weights are many, and with layers and without where activations are many."""
    from tfvc.parity import Comparison

    found: dict[str, float] = {}
    Comparison(stack(1, 8, 8)).run(steps=1, layers=True)  # what is made once for all
    base = resident()
    many_activations = Comparison(stack(12, 32, 16384))
    for name, layers in (("models", False), ("layers", True)):
        with Peak(base) as peak:
            assert many_activations.run(("forward", "backward"), layers=layers).passed
        found[name] = peak.bytes
    del many_activations
    with Peak():
        pass
    base = resident()
    many_weights = Comparison(stack(4, 1536, 4))
    with Peak(base) as peak:
        assert many_weights.run(steps=2).passed
    found["training"] = peak.bytes
    found["parameters"] = 4 * (1536 + 1) * 1536
    return found


@cache
def measured() -> dict[str, float]:
    command = "import json; from tfvc.parity.memory_test import measure; print(json.dumps(measure()))"
    result = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return json.loads(result.stdout.splitlines()[-1])


def test_training_takes_little_more_than_its_numbers():
    """A third more: TensorFlow's own allocator would take about twice as much."""
    assert measured()["training"] <= 1.33 * BYTES_PER_PARAMETER * measured()["parameters"]


def test_looking_at_every_layer_takes_little_more_than_running_the_models():
    """All at once would take more than five times as much; a graph of the models alone is sparing with activations."""
    assert measured()["layers"] <= 3.6 * measured()["models"]
