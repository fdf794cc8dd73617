"""Each side of a case dumped by itself, and judged: the verdicts and places of a run of both together."""

import json

import keras
import pytest
import torch

from parity_tests.foreign import keyword_spotter as spotter
from parity_tests.generative import codebook
from parity_tests.honest import cell_in_rnn
from parity_tests.test_optimizer_pairs import case as optimizers
from parity_tests.test_optimizer_pairs import of_keras, of_torch
from tfvc.cases import find_case
from tfvc.cli.conftest import refused, tfvc, tfvc_anew  # noqa: F401 (fixtures)
from tfvc.cli.without_torch_test import ABSENT
from tfvc.common.errors import TfvcError
from tfvc.parity import LayerTable, OptimizerPair, ParityCase, Turn, compare
from tfvc.parity.dumped import judge_dumps, read_dump
from tfvc.parity.dumped.of_keras import dump_keras
from tfvc.parity.dumped.of_torch import dump_torch
from tfvc.parity.dumped.one_side import settings_of
from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.findings.dumped import Limit


def judged(case, folder, phases=None, steps=2, layers=True, weights=None):
    """The report of both sides, dumped one by one."""
    settings = settings_of(case, phases, "coded", 0, steps, layers)
    dump_keras(case, folder / "keras", settings, weights)
    dump_torch(case, folder / "torch", folder / "keras", weights)
    return judge_dumps(folder / "torch", folder / "keras")


def verdicts(report):
    return {(row.stage, row.key): row.verdict for row in report.rows}


@pytest.mark.slow
def test_a_right_port_passes_as_it_does_in_one_process(tmp_path):
    phases = ["forward", "backward"]
    report, together = judged(spotter.case(), tmp_path, phases), compare(spotter.case(), phases)
    report.raise_on_failure()
    assert verdicts(report) == verdicts(together)
    assert (report.ignored, report.accepted) == (together.ignored, together.accepted)
    assert {layer.path for layer in report.layers} == set(spotter.TABLE.layers)
    assert {layer.verdict for layer in report.layers} == {"fine"}
    # What a layer gives and the next one takes is one array, and so is what both modes give alike.
    dump = read_dump(tmp_path / "torch")
    arrays = [x.tobytes() for x in dump.float64.values()]
    assert len(arrays) == len(set(arrays)) < len(dump.header.tensors)


def test_a_wrong_layer_is_the_culprit_at_the_same_place(tmp_path):
    case = spotter.wrong_epsilon()
    report, together = judged(case, tmp_path, ["forward"]), compare(case, ["forward"])
    assert verdicts(report) == verdicts(together)
    ours, theirs = report.diagnosis, together.diagnosis
    assert (ours.culprit, ours.kind, ours.keras.rpartition("/")[2]) == ("bn1", Fault.LAYER, "norm")
    assert (ours.culprit, ours.kind, ours.row.stage) == (theirs.culprit, theirs.kind, theirs.row.stage)
    assert [layer.path for layer in report.culprits] == ["bn1"]
    assert ours.hypothesis == ""
    assert "The cause was not searched: that takes both models in one process" in report.text(200)
    assert Limit.CAUSE in report.limits


def sgd(rate=0.02, **settings):
    return optimizers(of_keras("SGD", momentum=0.9, **settings), of_torch("SGD", momentum=0.9))


def two_turns(simultaneous) -> ParityCase:
    """A generator and a discriminator, of one layer each, that step one after the other or at once."""

    def turn(name, layer, wanted):
        return Turn(
            name,
            lambda key: key.startswith(layer),
            lambda model, x, training: {name: keras.ops.mean((model(x["x"]) - wanted) ** 2)},
            lambda module, x: {name: ((module(x["x"]) - wanted) ** 2).mean()},
            OptimizerPair(1e-2),
        )

    return ParityCase(
        "two turns",
        lambda: keras.Sequential(
            [keras.Input((5,)), keras.layers.Dense(4, "tanh", name="g"), keras.layers.Dense(1, name="d")]
        ),
        lambda: torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)),
        LayerTable({"0": "g", "2": "d"}),
        lambda rng: {"x": rng.standard_normal((3, 5))},
        turns=(turn("discriminator", "2", 0.5), turn("generator", "0", -1.0)),
        simultaneous=simultaneous,
    )


@pytest.mark.parametrize("simultaneous", [False, True])
def test_several_optimizers(simultaneous, tmp_path):
    case = two_turns(simultaneous)
    report, together = judged(case, tmp_path), compare(case, ["forward", "backward", "train"], steps=2)
    together.raise_on_failure()
    assert verdicts(report) == verdicts(together)


@pytest.mark.parametrize(
    "make",
    [
        lambda: find_case("batch_norm"),
        sgd,  # its momentum is of steps in Keras, of gradients in torch
        lambda: sgd(nesterov=True),
        cell_in_rnn,
        codebook,
        lambda: codebook("metric"),
        lambda: codebook(tied=True),
    ],
)
def test_small_cases(make, tmp_path):
    case = make()
    phases = ["forward", "backward", "train"]
    report, together = judged(case, tmp_path), compare(case, phases, steps=2)
    assert verdicts(report) == verdicts(together)
    assert report.passed is together.passed
    assert {layer.verdict for layer in report.layers} <= ({"fine"} if report.passed else {"fine", "culprit", "victim"})
    if report.passed:
        assert not report.diagnoses
    else:
        assert report.diagnosis.kind is together.diagnosis.kind
        assert report.diagnosis.row.stage == together.diagnosis.row.stage


def dense(units=4, bias=True, activation=None, fail=False) -> ParityCase:
    """One layer; `fail` raises in training."""

    def torch_forward(module, x):
        if fail and module.training:
            raise ValueError("no training today")
        return {"y": module(x["x"])}

    return ParityCase(
        "dense",
        lambda: keras.Sequential([keras.Input((5,)), keras.layers.Dense(units, activation=activation, name="dense")]),
        lambda: torch.nn.Sequential(torch.nn.Linear(5, 4)),
        LayerTable({"0": "dense"}),
        lambda rng: {"x": rng.standard_normal((3, 5))},
        keras_forward=lambda model, x, training: {"y": model(x["x"], training=training)},
        torch_forward=torch_forward,
    )


def test_another_size_is_a_finding(tmp_path):
    report, together = judged(dense(units=3), tmp_path, ["forward"]), compare(dense(units=3), ["forward"])
    assert {row.key: row.reason for row in report.rows} == {row.key: row.reason for row in together.rows}


def test_what_is_raised_is_in_the_dump(tmp_path):
    report, together = judged(dense(fail=True), tmp_path), compare(dense(fail=True))
    assert [(x.message, x.side, x.stage) for x in report.raised] == [
        (x.message, x.side, x.stage) for x in together.raised
    ]
    assert len(report.raised) == 2
    assert not report.passed
    assert {row.stage.kind for row in report.rows} == {"outputs"}


def test_both_sides_start_from_a_checkpoint(tmp_path):
    torch.save({"0.weight": torch.randn(4, 5), "0.bias": torch.randn(4)}, tmp_path / "x.pt")
    judged(dense(), tmp_path, weights=tmp_path / "x.pt").raise_on_failure()
    assert [one.step for one in read_dump(tmp_path / "torch").header.given if one.kind == "input"] == [None, 2]
    dump_torch(dense(), tmp_path / "made up", tmp_path / "keras")
    with pytest.raises(TfvcError, match=r"not given the same: the weight 0\.\w+ differs"):
        judge_dumps(tmp_path / "made up", tmp_path / "keras")


def test_other_seeds_do_not_meet(tmp_path):
    for seed in (0, 1):
        dump_keras(dense(), tmp_path / f"k{seed}", settings_of(dense(), ["forward"], "random", seed, 1, True))
        dump_torch(dense(), tmp_path / f"t{seed}", tmp_path / f"k{seed}")
    with pytest.raises(TfvcError, match="other settings"):
        judge_dumps(tmp_path / "t0", tmp_path / "k1")


def test_a_phase_that_holds_a_model_against_itself_cannot_be_dumped():
    with pytest.raises(TfvcError, match="roundtrip cannot be dumped"):
        settings_of(dense(), ["roundtrip"], "coded", 0, 1, True)


@pytest.mark.slow
def test_the_commands_and_that_only_one_of_them_needs_torch(tfvc, tfvc_anew, tmp_path):  # noqa: F811
    ours, theirs = tmp_path / "keras", tmp_path / "torch"
    done = tfvc_anew("parity", "dump", "dense", ours, "--side", "keras", "--phase", "forward", prelude=ABSENT)
    assert done.returncode == 0, done.stderr
    done = tfvc("parity", "dump", "dense", theirs, "--side", "torch", "--beside", ours)
    assert done.returncode == 0, done.stderr
    written = ("--report", tmp_path / "x.html", "--json", tmp_path / "x.json")
    done = tfvc_anew("parity", "judge", theirs, ours, *written, prelude=ABSENT)
    assert done.returncode == 0, done.stderr
    assert "PASS" in done.stdout
    (report,) = json.loads((tmp_path / "x.json").read_text())
    assert [side["versions"].keys() - {"python", "numpy"} for side in report["sides"]] == [
        {"torch"},
        {"tensorflow", "keras"},
    ]
    header = json.loads((ours / "dump.json").read_text())
    header["given"][0]["sha256"] = "0" * 64
    (ours / "dump.json").write_text(json.dumps(header))
    assert refused(tfvc("parity", "judge", theirs, ours), "not given the same", "differs")
    assert refused(tfvc("parity", "dump", "dense", tmp_path / "x", "--side", "torch"), "--beside")
