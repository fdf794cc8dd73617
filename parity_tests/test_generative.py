"""Noise, lengths, decisions, inverses and caches: right pairs pass every phase, planted bugs are named."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch

from parity_tests import generative
from tfvc.common.errors import TfvcError
from tfvc.parity import Comparison, FailureKind, Phase, StageKind, compare, keras_drawn, torch_drawn
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


@pytest.mark.parametrize(
    ("drawn", "draw", "zeros"),
    [
        (keras_drawn, lambda shape: tf.random.normal(shape), tf.zeros),
        (keras_drawn, keras.random.uniform, tf.zeros),
        (torch_drawn, torch.randn, torch.zeros),
        (torch_drawn, torch.rand, torch.zeros),
    ],
)
def test_noise_of_another_shape_or_number_is_refused(drawn, draw, zeros):
    def twice():
        return draw((3, 5)), draw((2,))

    given = [zeros((3, 5)), zeros((2,))]
    assert [x.shape for x in drawn(twice, *given)] == [x.shape for x in given]
    for wrong, problem in (
        (given[:1], "draws 2 tensors or more, the case gives it 1"),
        ([*given, given[0]], "draws 2 tensors, the case gives it 3"),
        ([given[0], zeros((3,))], r"draw 2 has the shape \(2,\), what the case gives \(3,\)"),
        ([zeros((5,)), given[1]], r"draw 1 has the shape \(3, 5\), what the case gives \(5,\)"),
    ):
        with pytest.raises(TfvcError, match=problem):
            drawn(twice, *wrong)


@pytest.mark.parametrize(
    ("drawn", "draw", "scale"),
    [
        (keras_drawn, lambda: keras.random.normal((7,), mean=1.0, stddev=3.0), (1.0, 3.0)),
        (keras_drawn, lambda: tf.random.uniform((7,), -2.0, 3.0), (-2.0, 5.0)),
        (torch_drawn, lambda: torch.normal(1.0, 3.0, (7,)), (1.0, 3.0)),
        (torch_drawn, lambda: torch.empty(7).normal_(1.0, std=3.0), (1.0, 3.0)),
        (torch_drawn, lambda: torch.empty(7).uniform_(-2.0, 3.0), (-2.0, 5.0)),
        (torch_drawn, lambda: torch.randn_like(torch.zeros(7)), (0.0, 1.0)),
    ],
)
def test_draws_are_standard_and_what_a_model_makes_of_them_is_its_own(drawn, draw, scale):
    noise = np.random.default_rng(5).uniform(0, 1, 7).astype(np.float32)
    given = tf.constant(noise) if drawn is keras_drawn else torch.tensor(noise)
    np.testing.assert_array_equal(np.asarray(drawn(draw, given)), np.float32(scale[0]) + np.float32(scale[1]) * noise)


def test_decisions_of_nothing_are_refused():
    with pytest.raises(TfvcError, match="decisions: there is no output score; there are scores, chosen"):
        compare(replace(generative.codebook(), decisions={"chosen": "score"}), ("forward",))


def test_both_sides_start_from_a_checkpoint(tmp_path):
    """The weights of the file are those of all four models."""
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
