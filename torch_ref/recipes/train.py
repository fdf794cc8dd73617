"""`python -m torch_ref.recipes.train autovc_small|hifigan_small CORPUS --out FILE.pt --minutes 20`, on a GPU.

The file holds a state dict for `tfvc import-torch`; matrices are rounded to float16.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch

from . import autovc_small, hifigan_small
from .corpus import load_waves

SAVE_EVERY_SECONDS = 120
STEPS_AT_ONCE = 10


def captured(step: Callable[[], None], stream: torch.cuda.Stream) -> torch.cuda.CUDAGraph:
    """The step as a CUDA graph: launching its some thousand kernels one by one would take most of the time."""
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        step()
    return graph


def train(run: autovc_small.Run | hifigan_small.Run, seconds: float, out: Path) -> None:
    """Trains for so long, and saves as it goes."""
    stream = torch.cuda.Stream()
    graphs = {stage: captured(step, stream) for stage, step in run.stages().items()}
    start, saved, steps = time.time(), 0.0, 0
    with torch.cuda.stream(stream):
        while (progress := (time.time() - start) / seconds) < 1:
            stage = run.begin(progress)
            for _ in range(STEPS_AT_ONCE):
                graphs[stage].replay()
            stream.synchronize()
            steps += STEPS_AT_ONCE
            if time.time() - saved > SAVE_EVERY_SECONDS:
                saved = time.time()
                save(run.result(), out)
                print(f"step {steps}", {name: round(value.item(), 5) for name, value in run.shown.items()}, flush=True)
        save(run.result(), out)
    print(f"{steps} steps")


def save(state: dict[str, torch.Tensor], out: Path) -> None:
    """Writes the state dict, whole or not at all; matrices as float16, vectors and gains as they are."""

    def small(name: str, value: torch.Tensor) -> torch.Tensor:
        matrix = value.is_floating_point() and value.ndim > 1 and not name.endswith("_g")
        return (value.half().float() if matrix else value).cpu()

    temporary = out.with_suffix(".tmp")
    torch.save({name: small(name, value) for name, value in state.items()}, temporary)
    temporary.rename(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=["autovc_small", "hifigan_small"])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--voices", type=Path, help="speaker embeddings, for autovc_small")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
    torch.manual_seed(given.seed)
    if given.recipe == "autovc_small":
        if given.voices is None:
            parser.error("autovc_small needs --voices")
        settings = autovc_small.Settings()
        mels, voices = autovc_small.load_mels(given.corpus, given.voices, settings.percents, settings.frames, "cuda")
        run = autovc_small.Run(settings, mels, voices)
    else:
        run = hifigan_small.Run(hifigan_small.Settings(), load_waves(given.corpus, 22050, "cuda"))
    train(run, 60 * given.minutes, given.out)


if __name__ == "__main__":
    main()
