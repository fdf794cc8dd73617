"""The table and `bench.json`."""

import importlib.metadata
import json
import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

from parity_tests.speed.ceilings import Ceilings
from parity_tests.speed.row import Row
from parity_tests.speed.timing import Timing

FLAGS = ("OMP_NUM_THREADS", "TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS", "KMP_BLOCKTIME")


@dataclass(frozen=True)
class Measured:
    """A row and its times."""

    name: str
    row: Row
    timings: dict[str, Timing]
    ceilings: Ceilings

    @property
    def ratio(self) -> float | None:
        """tfvc / torch."""
        return self.over("torch")

    @property
    def share(self) -> float | None:
        """The least time that the machine would need, over tfvc's."""
        bound = self.ceilings.bound_ms(self.row.flops, self.row.loaded)
        return bound / self.timings["tfvc"].median_ms if bound else None

    def over(self, peer: str) -> float | None:
        """tfvc's time over a peer's."""
        return self.timings["tfvc"].median_ms / self.timings[peer].median_ms if peer in self.timings else None

    def line(self) -> str:
        """A row of the Markdown table."""
        times = [_time(self.timings.get(peer)) for peer in ("tfvc", "torch", "keras")]
        shares = [_number(self.ratio, "{:.2f}"), _number(self.over("keras"), "{:.3f}"), _number(self.share, "{:.0%}")]
        return f"| {' | '.join([self.name, *times, *shares])} |"

    def to_json(self) -> dict:
        """A row of `bench.json`."""
        medians = {
            f"{peer}_ms": getattr(self.timings.get(peer), "median_ms", None) for peer in ("tfvc", "torch", "keras")
        }
        return {
            "name": self.name,
            **medians,
            "ratio": self.ratio,
            "keras_ratio": self.over("keras"),
            "share_of_ceiling": self.share,
            "real_time_factor": medians["tfvc_ms"] / 1e3 / self.row.audio_s if self.row.audio_s else None,
            "spread": {peer: asdict(timing) for peer, timing in self.timings.items()},
            "note": self.row.note,
        }


def heading(ceilings: Ceilings, threads: int) -> str:
    """The machine, and the head of the Markdown table."""
    versions = ", ".join(f"{name} {version}" for name, version in _versions().items())
    return (
        f"{_processor()}, {threads} threads; {versions}\n"
        f"matmul {ceilings.gflops:.0f} GFLOP/s, memory {ceilings.memory_gbs:.0f} GB/s, 16 MiB in cache "
        f"{ceilings.cache_gbs:.0f} GB/s\n\n"
        "| work | tfvc, ms | torch, ms | Keras, ms | tfvc / torch | tfvc / Keras | share of the machine |\n"
        "|---|---|---|---|---|---|---|"
    )


def rest(measured: dict) -> str:
    """What is no time of a piece of work: memory, and the way of the data."""
    if not measured:
        return ""
    data = measured["data"]
    lines = [
        f"{row['name']}: {row['tfvc_mib']:.0f} MiB, torch {row['torch_mib']:.0f} MiB" for row in measured["memory"]
    ]
    return "\n".join(
        [
            "",
            "peak memory: " + "; ".join(lines),
            f"prepare: {data['prepare_audio_s_per_s']:.0f} s of sound a second and process",
            f"input pipeline: {data['batches_per_s']:.0f} batches a second, "
            f"{_number(data['batches_over_training'], '{:.0f}')} times what AutoVC's training step takes",
        ]
    )


def write(path: Path, measured: list[Measured], ceilings: Ceilings, threads: int, rest: dict) -> None:
    """Writes `bench.json`."""
    document = {
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "threads": threads, **asdict(ceilings)},
        "versions": {"python": platform.python_version(), **_versions()},
        "flags": {name: os.environ.get(name) for name in FLAGS},
        "rows": [row.to_json() for row in measured],
        **rest,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n")


def _time(timing: Timing | None) -> str:
    if timing is None:
        return ""
    digits = 0 if timing.median_ms >= 100 else 1 if timing.median_ms >= 10 else 2
    return f"{timing.median_ms:.{digits}f} ({timing.least_ms:.{digits}f}-{timing.most_ms:.{digits}f})"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "torch", "numpy")}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
