"""How often does the harness call a correct model wrong, and how near does it come to that?

    python -m parity_tests.mutations.false_alarms --seeds 200 [MODEL...]

runs correct models forward and backward from random weights and inputs, new ones for each seed, and writes
`false_alarms/<model>.json` beside this file after each: the number of draws, of tensors, of alarms, and how the
float32 error over the measured noise is distributed, which is what the factor k (`row.NOISE_FACTOR`) is held
against.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from parity_tests.foreign import bert, resnet, transformer_encoder
from parity_tests.foreign.keyword_spotter import case as keyword_spotter
from parity_tests.mutations.network import NETWORK
from tfvc.cases.autovc import autovc
from tfvc.cases.melgan import melgan
from tfvc.models.autovc import AutoVCConfig
from tfvc.models.melgan import MelGANConfig
from tfvc.parity import Comparison, ParityCase
from tfvc.parity.findings.row import NOISE_FACTOR

FOLDER = Path(__file__).parent / "false_alarms"
# Name -> (case, whether the layers are compared one by one too).
MODELS: dict[str, tuple[Callable[[], ParityCase], bool]] = {
    # All 28 million weights; a mel of one segment.
    "autovc_official": (lambda: autovc(AutoVCConfig.from_name("official"), frames=32, batch=1), False),
    "network_of_the_mutations": (lambda: NETWORK, True),
    "keyword_spotter": (keyword_spotter, False),
    "melgan_small": (lambda: melgan(MelGANConfig.from_name("small"), samples=2048), False),
    "bert": (bert.case, False),
    "transformer_encoder": (transformer_encoder.case, False),
    # All 50 layers, of an image that leaves the last ones more than one pixel.
    "resnet50": (resnet.case, False),
}


def measure(name: str, seeds: int) -> None:
    """Runs one model from `seeds` draws."""
    make, layers = MODELS[name]
    comparison = Comparison(make())
    ratios, alarms, tensors = [], [], 0
    started = time.process_time()
    for seed in range(seeds):
        comparison.models.seed = seed
        report = comparison.run(("forward", "backward"), "random", layers=layers)
        rows = [*report.rows, *(row for layer in report.layers for row in [*layer.local, *layer.propagated])]
        tensors += len(rows)
        ratios += [row.ratio for row in rows if row.ratio is not None]
        alarms += [f"seed {seed}: {row.where}: {row.reason}" for row in rows if row.failed]
        found = {
            "draws": seed + 1,
            "tensors": tensors,
            "alarms": alarms,
            "k": NOISE_FACTOR,
            "float32 error over noise": {f"{q:g} %": float(np.percentile(ratios, q)) for q in (50, 99, 99.9, 100)},
            "cpu_seconds": round(time.process_time() - started),
        }
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
        print(f"{name}, seed {seed}: {len(alarms)} alarms, largest ratio {max(ratios):.2f}", flush=True)


def main() -> None:
    """Measures the models that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help=f"of {', '.join(MODELS)}")
    parser.add_argument("--seeds", type=int, default=200)
    arguments = parser.parse_args()
    for name in arguments.models or MODELS:
        measure(name, arguments.seeds)


if __name__ == "__main__":
    main()
