"""The bench measures what it says, of models that are the same."""

import json
import re

import pytest

from parity_tests.speed import memory, report, rows, stock, throughput
from parity_tests.speed.ceilings import Ceilings
from parity_tests.speed.row import Row
from parity_tests.speed.rows import all_rows
from parity_tests.speed.timing import Timing, in_turns
from tfvc.models.autovc import AutoVC, AutoVCConfig
from tfvc.models.hifigan import HiFiGANGenerator
from tfvc.models.melgan import MelGANGenerator


def test_the_peers_take_turns(monkeypatch):
    clock, calls = [0.0], []
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def work(name, seconds):
        def run():
            calls.append(name)
            clock[0] += seconds

        return run

    durations = {"tfvc": 0.5, "torch": 0.25, "keras": 2.0}
    timings = in_turns({name: work(name, seconds) for name, seconds in durations.items()}, turns=3, slow_turns=1)
    assert {name: timing.median_ms for name, timing in timings.items()} == {"tfvc": 500, "torch": 250, "keras": 2000}
    assert {name: timing.turns for name, timing in timings.items()} == {"tfvc": 3, "torch": 3, "keras": 1}
    # Twice each beforehand; then a run that is not counted and one that is, unless the work is slow.
    assert calls[6:11] == ["tfvc", "tfvc", "torch", "torch", "keras"]
    assert calls[11:] == ["torch"] * 2 + ["tfvc"] * 2 + ["tfvc"] * 2 + ["torch"] * 2


def test_short_work_is_repeated_within_a_turn(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def run():
        clock[0] += 0.01

    assert in_turns({"tfvc": run}, turns=2, slow_turns=1)["tfvc"].median_ms == pytest.approx(10)
    assert clock[0] == pytest.approx(0.01 * (2 + 2 * (1 + 8)))


def test_what_is_written(tmp_path):
    limits = Ceilings(gflops=100.0, memory_gbs=10.0, cache_gbs=50.0)
    row = Row(lambda: None, lambda: None, flops=4e8, loaded=1e8, audio_s=2.0)
    timings = {"tfvc": Timing(8.0, 7.0, 9.0, 7), "torch": Timing(10.0, 9.0, 11.0, 7)}
    measured = report.Measured("work", row, timings, limits)
    # 4 ms of arithmetic, 2 ms of loading
    assert measured.line() == "| work | 8.00 (7.00-9.00) | 10.0 (9.0-11.0) |  | 0.80 |  | 50% |"
    report.write(tmp_path / "build" / "bench.json", [measured], limits, 2, {"memory": []})
    document = json.loads((tmp_path / "build" / "bench.json").read_text())
    found = document["rows"][0]
    assert [found[key] for key in ("name", "tfvc_ms", "torch_ms", "keras_ms", "ratio")] == [
        "work",
        8.0,
        10.0,
        None,
        0.8,
    ]
    assert found["real_time_factor"] == pytest.approx(0.004)
    assert document["machine"]["threads"] == 2


def test_the_rows_have_names_of_their_own():
    names = [name for name, _ in all_rows()]
    assert len(set(names)) == len(names) > 20


# One row of each kind: those of other sizes run the same code.
KINDS = {re.split(r"\d|,", name)[0]: build for name, build in reversed([*all_rows()])}


@pytest.mark.slow
@pytest.mark.parametrize("build", KINDS.values(), ids=KINDS)
def test_what_is_timed_runs(build, monkeypatch):
    """Ours and torch's; stock Keras needs minutes for some, and knows no interface of ours that could change.

    Shorter sounds do here: what is checked is that the work can be done.
    """
    monkeypatch.setattr(rows.melgan, "BATCH", 1)
    monkeypatch.setattr(rows.melgan, "SAMPLES", 2048)
    for vocoder in (rows.melgan, rows.hifigan):
        monkeypatch.setattr(vocoder, "FRAMES", 20)
    peers = build().peers
    for peer in ("tfvc", "torch"):
        peers[peer]()


@pytest.mark.slow
def test_what_memory_and_throughput_are_measured_of_runs(monkeypatch):
    memory.autovc_by_tfvc()()
    assert memory.melgan_by_tfvc()().shape == (1, 400 * 256, 1)
    monkeypatch.setattr(throughput, "RECORDINGS", 1)
    monkeypatch.setattr(throughput, "SECONDS", 2)
    assert all(throughput.measure(training_step_ms=1000.0).values())


@pytest.mark.slow
def test_stock_keras_does_the_same_work():
    """As many weights in as many matrices: what costs time is the same."""

    def kernels(*models):
        return sorted(tuple(v.shape) for model in models for v in model.trainable_variables if len(v.shape) > 1)

    config = AutoVCConfig.from_name("official")
    assert kernels(*stock.autovc(config)) == kernels(AutoVC(config))
    for ours, theirs in (
        (MelGANGenerator.from_name("descript"), stock.melgan_generator),
        (HiFiGANGenerator.from_name("v1"), stock.hifigan_generator),
        (HiFiGANGenerator.from_name("v3"), stock.hifigan_generator),
    ):
        assert kernels(theirs(ours.config)) == kernels(ours.fuse())
