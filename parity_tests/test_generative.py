"""Noise, lengths, decisions, inverses and caches: right pairs pass every phase, planted bugs are named."""

from dataclasses import replace

import numpy as np
import pytest

from parity_tests import generative
from tfvc.common.errors import TfvcError
from tfvc.parity import Comparison, FailureKind, Phase, StageKind, compare
from tfvc.parity.findings.row import Verdict


@pytest.mark.parametrize("make", [generative.sampler, generative.flow, generative.codebook, generative.cached])
@pytest.mark.parametrize("init", ["coded", "random"])
def test_a_right_pair_passes_all_phases_that_it_has(make, init):
    case = make()
    report = compare(case, init=init, steps=3, layers=True)
    report.raise_on_failure()
    assert {row.stage.phase for row in report.rows} == set(case.phases)


def test_the_phases_are_those_that_a_case_has_functions_for():
    basic = {Phase.FORWARD, Phase.BACKWARD, Phase.TRAIN}
    assert set(generative.sampler().phases) == basic
    assert set(generative.flow().phases) == basic | {Phase.ROUND_TRIP}
    assert set(generative.cached().phases) == basic | {Phase.STEPWISE}
    with pytest.raises(TfvcError, match="sampler cannot run roundtrip"):
        compare(generative.sampler(), ("forward", "roundtrip"))


def test_noise_of_another_deviation_is_seen_where_it_is_added():
    report = compare(generative.sampler("noise of another deviation"), ("forward",))
    assert report.diagnosis.kind == "between layers"
    assert report.diagnosis.row.key == "z"


def test_a_mask_left_out_is_placed_in_front_of_the_layer_behind_it():
    report = compare(generative.flow("a mask left out"), ("forward",))
    assert "pre" in report.diagnosis.fix
    assert "post" in report.diagnosis.fix


def test_what_lies_behind_a_length_is_judged_where_no_length_is_given():
    """The port masks more than torch does: only behind the lengths."""
    case = replace(generative.flow(), lengths={})
    report = compare(case, ("forward",))
    assert not report.passed


def test_an_inverse_in_another_order_fails_the_round_trip_alone():
    report = compare(generative.flow("inverse in another order"), steps=1)
    failed = {row.stage.phase for row in report.rows if row.failed}
    assert failed == {Phase.ROUND_TRIP}
    assert report.diagnosis.kind == "between layers"
    assert report.diagnosis.row.stage.phase is Phase.ROUND_TRIP


def test_a_reference_that_does_not_return_its_inputs_is_blamed_itself():
    right = generative.flow()
    case = replace(
        right,
        keras_inverse=lambda model, z, x: {"x": 1.01 * right.keras_inverse(model, z, x)["x"]},
        torch_inverse=lambda module, z, x: {"x": 1.01 * right.torch_inverse(module, z, x)["x"]},
    )
    failures = compare(case, ("roundtrip",)).failures
    assert [row.stage.kind for row in failures] == [StageKind.ROUND_TRIP]
    assert [failure.kind for failure in failures[0].failures] == [FailureKind.REFERENCE]
    assert failures[0].failures[0].figure == pytest.approx(0.01)


def test_a_frame_that_the_cache_misses_fails_step_by_step_alone():
    report = compare(generative.cached("a frame that the cache misses"), steps=1)
    assert {row.stage.phase for row in report.rows if row.failed} == {Phase.STEPWISE}
    assert "conv" in report.diagnosis.fix
    assert "call 6" in report.diagnosis.fix


def test_the_farthest_entry_is_no_tie():
    report = compare(generative.codebook("the farthest entry"), ("forward",))
    assert {row.key for row in report.failures} == {"chosen"}
    assert report.failures[0].failures[0].kind is FailureKind.INTEGERS


def test_scores_that_are_alike_are_a_tie():
    """All weights of the codebook alike: every entry is the nearest."""
    report = compare(generative.codebook(), ("forward",), init="constant")
    verdicts = {row.key: row.verdict for row in report.rows}
    assert report.passed
    assert verdicts["chosen"] is Verdict.TIE
    assert not compare(replace(generative.codebook(), decisions={}), ("forward",), init="constant").passed


@pytest.mark.parametrize(
    ("lengths", "problem"),
    [
        ({"y": "lengths"}, "there is no output y; there are z"),
        ({"z": "length"}, "there is no input length; there are x, noise, lengths"),
        ({"z": (None, None, "lengths")}, "it has no axis 3"),
    ],
)
def test_lengths_of_nothing_are_refused(lengths, problem):
    with pytest.raises(TfvcError, match=problem):
        compare(replace(generative.flow(), lengths=lengths), ("forward",))


def test_noise_of_another_shape_or_number_is_refused():
    case = generative.sampler()

    def drawing(**changed):
        return lambda rng: {**generative.inputs(rng), **changed}

    with pytest.raises(TfvcError, match=r"the torch module: draw 1 has the shape \(3, 12, 24\)"):
        compare(replace(case, inputs=drawing(noise=np.zeros((3, 23, 12)))), ("forward",))


def test_both_sides_start_from_a_checkpoint(tmp_path):
    """The weights of the file are those of all four models."""
    import torch

    case = generative.codebook()
    module = case.torch_module()
    torch.manual_seed(0)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=3.0)
    torch.save({"model": module.state_dict()}, tmp_path / "trained.pt")
    comparison = Comparison(case)
    report = comparison.run(("forward",), weights=tmp_path / "trained.pt")
    report.raise_on_failure()
    assert report.init == "trained.pt"
    for side in comparison.models.sides:
        np.testing.assert_array_equal(side.state()["entries"], module.entries.detach().numpy())
