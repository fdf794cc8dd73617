"""Where two dumps part: in which layer, between which, in which step."""

import numpy as np
import pytest

from tfvc.parity.dumped import judge_dumps, read_dump
from tfvc.parity.dumped.conftest import LAYERS, X, Y, both, check_shown, outputs
from tfvc.parity.findings.diagnosis import Fault
from tfvc.parity.findings.dumped import Limit
from tfvc.parity.findings.stage import Phase, Stage, StageKind


def chain(seed, wrong=None, without_inputs=False, between=False):
    """Three layers `a`, `b`, `c`, each of which shifts its channels; `wrong` also doubles them."""

    def fill(dump):
        y = Y
        for name in "abc":
            dump.layer(name, "Shift")
            x = 1.25 * y if between and name == "b" else y
            y = np.roll(x, 1, -1) * (2.0 if wrong == name else 1.0)
            tensors = {"output": both(y, seed)} if without_inputs else {"input": both(x, seed), "output": both(y, seed)}
            dump.add(LAYERS, *({key: pair[i] for key, pair in tensors.items()} for i in range(2)), layer=name)
        outputs(seed, y=y)(dump)

    return fill


def test_the_first_layer_that_is_wrong_though_its_input_is_right(sides):
    report = judge_dumps(*sides(chain(1), chain(2, wrong="b")))
    (diagnosis,) = report.diagnoses
    assert (diagnosis.culprit, diagnosis.kind) == ("b", Fault.LAYER)
    assert diagnosis.row.key == "output"
    assert [(layer.path, layer.verdict) for layer in report.layers] == [
        ("a", "fine"),
        ("b", "culprit"),
        ("c", "victim"),
    ]
    check_shown(report)


def test_where_inputs_were_not_dumped_the_place_is_less_sure(sides):
    report = judge_dumps(*sides(chain(1, without_inputs=True), chain(2, "b", without_inputs=True)))
    assert (report.diagnosis.culprit, report.diagnosis.kind) == ("b", Fault.IN_OR_AROUND)
    assert not report.culprits


def test_between_two_layers(sides):
    report = judge_dumps(*sides(chain(1), chain(2, between=True)))
    assert report.diagnosis.kind is Fault.BETWEEN_LAYERS
    assert "between a and b" in report.diagnosis.fix
    assert not report.culprits


def test_a_layer_is_paired_by_the_path_that_it_is_beside_or_by_its_weights(sides):
    def named(seed, names, **layer):
        def fill(dump):
            dump.layer(names, "Shift", **layer)
            double, single = both(Y, seed)
            dump.add(LAYERS, {"output": double}, {"output": single}, layer=names)
            outputs(seed)(dump)

        return fill

    report = judge_dumps(*sides(named(1, "enc.a", keys=["w"]), named(2, "a_1", keys=["w"])))
    assert [(x.path, x.keras_path, x.paired_by) for x in report.layers] == [("enc.a", "a_1", "weights")]


def training(seed, wrong=None):
    """Two steps: gradients, weights; `wrong` is the step whose weights are."""

    def fill(dump):
        for step in (1, 2):
            dump.give(inputs={"x": X} if step == 2 else {}, step=step)
            for kind in (StageKind.GRADIENTS, StageKind.WEIGHTS):
                error = 1e-3 if (kind, step) == (StageKind.WEIGHTS, wrong) else 0.0
                double, single = both(Y * step, seed + step, error)
                dump.add(Stage(Phase.TRAIN, kind, step=step), {"w": double}, {"w": single})

    return fill


@pytest.mark.parametrize(("wrong", "limited"), [(1, False), (2, True)])
def test_a_wrong_step_is_the_optimizers_and_drift_is_only_doubted_behind_the_first(sides, wrong, limited):
    report = judge_dumps(*sides(training(1), training(2, wrong)))
    assert report.diagnosis.kind is Fault.OPTIMIZER
    assert report.diagnosis.row.stage.step == wrong
    assert (Limit.DRIFT in report.limits) is limited
    assert [drift.step for drift in report.drift] == list(range(1, wrong + 1))
    check_shown(report)


def test_how_far_a_step_may_be_off(sides):
    """What comes of the initial weights alone is held to 1e-10, all that comes behind a step to 1e-9."""

    def slightly(dump, seed, error):
        for step in (1, 2):
            for kind in (StageKind.GRADIENTS, StageKind.WEIGHTS):
                double, single = both(Y, seed, error)
                dump.add(Stage(Phase.TRAIN, kind, step=step), {f"{kind} {step}": double}, {f"{kind} {step}": single})

    folders = sides(lambda dump: slightly(dump, 1, 0.0), lambda dump: slightly(dump, 2, 5e-10))
    bounds = {row.key: row.bound64 for row in judge_dumps(*folders).rows}
    assert bounds == {"gradients 1": pytest.approx(1e-10)}
    folders = [read_dump(folder).renamed(lambda name: None if name == "gradients 1" else name) for folder in folders]
    judge_dumps(*folders).raise_on_failure()


def test_a_cell_that_keras_calls_once_more(sides):
    def calls(seed, numbers):
        def fill(dump):
            dump.layer("cell", "Cell")
            for place, number in enumerate(numbers, start=1):
                tensors = {"input": both(Y + number, seed), "output": both(Y - number, seed)}
                two = ({key: pair[i] for key, pair in tensors.items()} for i in range(2))
                dump.add(LAYERS, *two, layer="cell", call=place)
            outputs(seed)(dump)

        return fill

    report = judge_dumps(*sides(calls(1, (1, 2, 3)), calls(2, (1, 1, 2, 3))))
    assert [(layer.name, layer.verdict) for layer in report.layers] == [
        ("cell", "fine"),
        ("cell (call 2)", "fine"),
        ("cell (call 3)", "fine"),
    ]


@pytest.mark.parametrize("known", [True, False])
def test_what_rounding_leaves_of_a_cancelling_gradient_is_allowed_in_the_weights(sides, known):
    """A gradient that is nothing but rounding moves a weight by as much, divided by epsilon."""

    def fill(dump, seed):
        rng = np.random.default_rng(seed)
        if known:
            dump.note(step_sizes=[{"learning_rate": 1e-4, "epsilon": 1e-8, "keys": ["b"]}])
        for kind, centre, sizes in ((StageKind.GRADIENTS, 0.0, (1e-12, 1e-3)), (StageKind.WEIGHTS, 1.0, (1e-8, 1e-4))):
            double, single = (centre + size * rng.standard_normal(40) for size in sizes)
            stage = Stage(Phase.TRAIN, kind, step=1)
            dump.add(stage, {"b": double}, {"b": single.astype(np.float32)})

    report = judge_dumps(*sides(lambda dump: fill(dump, 1), lambda dump: fill(dump, 2)))
    assert report.rows[0].cancelling
    assert report.passed is known


def test_a_layer_that_pads_itself_beside_one_in_front_of_which_is_padded(sides):
    def conv(seed, error, padded):
        def fill(dump):
            x, y = Y[:, :, None] * np.ones((1, 1, 5, 1)), Y[:, ::2, None] * np.ones((1, 1, 3, 1))
            x = np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)]) if padded else np.moveaxis(x, -1, 1)
            y = y if padded else np.moveaxis(y, -1, 1)
            axes = "batch height width channels" if padded else "batch channels height width"
            dump.layer("conv", "Conv")
            tensors = {"input": both(x, seed), "output": both(y, seed, error)}
            two = ({key: pair[i] for key, pair in tensors.items()} for i in range(2))
            dump.add(LAYERS, *two, layer="conv", axes=dict.fromkeys(tensors, axes))
            outputs(seed, error)(dump)

        return fill

    report = judge_dumps(*sides(conv(1, 0.0, padded=False), conv(2, 1e-3, padded=True)))
    assert (report.diagnosis.culprit, report.diagnosis.kind) == ("conv", Fault.LAYER)
    assert report.layers[0].not_compared == []
