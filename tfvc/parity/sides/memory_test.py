"""How much memory a comparison takes, measured in a process of its own."""

import json
import subprocess
import sys

import pytest

from tfvc.cases.layers import normal_inputs, without_training
from tfvc.parity import LayerTable, ParityCase

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

        from tfvc.parity.sides.memory import give_back

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


def warmed_up() -> int:
    """What is held once all is there that any comparison needs."""
    from tfvc.parity import Comparison

    Comparison(stack(1, 8, 8)).run(steps=1, layers=True)
    return resident()


def training() -> dict[str, int]:
    """The bytes that training takes where weights are many."""
    from tfvc.parity import Comparison

    base = warmed_up()
    comparison = Comparison(stack(4, 1536, 4))
    with Peak(base) as peak:
        assert comparison.run(steps=2).passed
    return {"peak": peak.bytes, "numbers": BYTES_PER_PARAMETER * 4 * (1536 + 1) * 1536}


def measured(what: str) -> dict[str, int]:
    """What one of these functions gives in a new process."""
    command = f"import json; from tfvc.parity.sides.memory_test import {what}; print(json.dumps({what}()))"
    result = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    print(result.stdout)
    return json.loads(result.stdout.splitlines()[-1])


def test_training_takes_little_more_than_its_numbers():
    """One more copy of all gradients, kept too long, would be a quarter more."""
    found = measured("training")
    assert found["peak"] <= 1.2 * found["numbers"]


def test_layers_are_recorded_in_groups(monkeypatch):
    """And give what they give when all are recorded at once."""
    from tfvc.parity import Comparison
    from tfvc.parity.tracing import windows

    reports = []
    comparison = Comparison(stack(6, 4, 256))
    for small in (1, 1 << 40):
        monkeypatch.setattr(windows, "SMALL", small)
        groups = comparison.views().windows.groups(backward=True)
        assert (len(groups) > 2) == (small == 1)
        reports.append(comparison.run(("forward", "backward"), layers=True))
        reports[-1].raise_on_failure()
    rows = [{layer.path: len(layer.propagated) + len(layer.local) for layer in r.layers} for r in reports]
    assert rows[0] == rows[1]
