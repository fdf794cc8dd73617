import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet
from tfvc.models.hifigan import HiFiGAN, HiFiGANConfig, HiFiGANDiscriminator, HiFiGANGenerator
from tfvc.training.base import Corpus
from tfvc.training.conftest import losses, silent
from tfvc.training.hifigan import HiFiGANTraining, HiFiGANTrainingConfig
from tfvc.training.melgan import MelGANTraining
from tfvc.training.start import Start

SPEC = MelSpec.named("hifigan_22k")
NARROW = dataclasses.replace(HiFiGANConfig.from_name("v3"), upsample_initial_channel=16)
SETTINGS = HiFiGANTrainingConfig(
    segment=1024,
    validation_speakers=1,
    validate_every=3,
    checkpoint_every=2,
    epoch_decay=0.5,
    ema_decay=0.8,
    periods=(3,),
    period_widths=(4,),
    scales=1,
    scale_widths=(4, 16, 16, 16, 16, 16, 4),
)


def training(data, out, start=None, model=NARROW, settings=SETTINGS, **changes):
    described = {"steps": 5, "batch_size": 2, "seed": 5, "start": start} | changes
    return HiFiGANTraining(data, out, model, settings, **described)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """The folder of a run that someone has done before: both networks, not as they were drawn."""
    folder = tmp_path_factory.mktemp("known") / "run"
    gan = HiFiGAN.fresh(NARROW, SPEC, SETTINGS.discriminator)
    gan.discriminator(np.ones([1, 300, 1], np.float32), training=True)
    gan.generator.save_to_preset(folder / "preset")
    gan.discriminator.save_to_preset(folder / "discriminator")
    return folder


@pytest.fixture(scope="module")
def finished(feature_folder, known, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    training(feature_folder, out, Start.find(known)).run(resume=False, report=silent)
    return out


def test_a_run_leaves_losses_and_presets(finished):
    steps = losses(finished)
    assert [line["step"] for line in steps] == [1, 2, 3, 4, 5]
    for line in steps:
        whole = line["adversarial"] + line["feature"] + 45 * line["mel"]
        assert line["generator"] == pytest.approx(whole, rel=1e-5)
    assert HiFiGANGenerator.from_preset(finished / "preset").config == NARROW
    assert HiFiGANDiscriminator.from_preset(finished / "discriminator").config == SETTINGS.discriminator
    record = json.loads((finished / "preset/training.json").read_text())
    assert record["start"] == "run/preset"
    assert list(record["validation_curves"]["mel"]) == ["3", "5"]


def test_from_a_checkpoint_a_run_goes_on_to_the_same_losses_and_weights(feature_folder, known, finished, tmp_path):
    """Of step 4: epochs, and u and v of spectral norm, have moved on by then."""
    out = tmp_path / "run"
    shutil.copytree(finished, out, ignore=shutil.ignore_patterns("preset", "discriminator", "step-00000005"))
    training(feature_folder, out, Start.find(known)).run(resume=True, report=silent)
    for name in ("losses.jsonl", "validation.jsonl"):
        assert (out / name).read_bytes() == (finished / name).read_bytes()
    for folder, kind in (("preset", HiFiGANGenerator), ("discriminator", HiFiGANDiscriminator)):
        mine, theirs = kind.from_preset(out / folder), kind.from_preset(finished / folder)
        for a, b in zip(mine.weights, theirs.weights, strict=True):
            assert a.numpy().tobytes() == b.numpy().tobytes(), a.path


def test_a_run_begins_with_the_weights_it_is_given(feature_folder, known):
    corpus = Corpus.split(FeatureSet(feature_folder), 1, 0)
    parts = {
        "generator": HiFiGANGenerator.from_preset(known / "preset"),
        "discriminator": HiFiGANDiscriminator.from_preset(known / "discriminator"),
    }
    for name, taken in ((known, ["generator", "discriminator"]), (known / "preset", ["generator"])):
        model = training(feature_folder, Path("nowhere"), Start.find(name)).fresh_model(corpus)
        for part, network in parts.items():
            pairs = zip(getattr(model, part).get_weights(), network.get_weights(), strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs) == (part in taken)


def test_the_preset_decides_the_sizes_and_what_is_trained_goes_on_slowly(known):
    model, settings = HiFiGANTraining.defaults(str(known), SPEC)
    assert model == NARROW
    assert settings.discriminator == SETTINGS.discriminator
    assert (settings.generator_learning_rate, settings.discriminator_learning_rate) == (1e-5, 1e-5)
    model, settings = HiFiGANTraining.defaults(str(known / "preset"), SPEC)
    assert (model, settings) == (NARROW, HiFiGANTrainingConfig(generator_learning_rate=2e-6))
    assert HiFiGANTraining.defaults("v2", SPEC) == (HiFiGANConfig.from_name("v2"), HiFiGANTrainingConfig())
    assert HiFiGANTraining.find_start("v2") is None


@pytest.mark.parametrize(
    ("spec", "sizes"),
    [
        ({"hop": 256}, {}),
        ({"hop": 200, "win": 800, "pad": 412}, {"upsample_rates": (8, 5, 5), "upsample_kernel_sizes": (16, 11, 11)}),
        ({"hop": 160, "win": 800, "pad": 432}, {"upsample_rates": (8, 5, 4), "upsample_kernel_sizes": (16, 11, 8)}),
    ],
)
def test_sixteen_kilohertz(spec, sizes):
    """What the README documents: the mels, the generator that makes their hop, and the mels of the loss."""
    spec = dataclasses.replace(SPEC, sample_rate=16000, **spec)
    model = dataclasses.replace(NARROW, **sizes)
    run = training(Path("nowhere"), Path("nowhere"), model=model, settings=HiFiGANTrainingConfig(segment=40 * spec.hop))
    run.check(spec)
    gan = HiFiGAN.fresh(model, spec, SETTINGS.discriminator)
    wave = tf.random.stateless_uniform([1, 40 * spec.hop], [1, 2], -0.5, 0.5)
    mel, real = gan.unpack((wave, wave))
    assert gan(mel).shape == real.shape


def test_learning_rates_fall_by_epoch(feature_folder):
    """Six recordings in batches of two: three steps an epoch, and two for four."""
    corpus = Corpus.split(FeatureSet(feature_folder), 1, 0)
    for batch_size, steps in ((2, 3), (4, 1), (9, 1)):
        run = training(feature_folder, Path("nowhere"), batch_size=batch_size)
        for rate in run.optimizers(run.fresh_model(corpus)).values():
            assert float(rate.learning_rate) == pytest.approx(2e-4)
            rate.iterations.assign(4 * steps - 1)
            assert float(rate.learning_rate) == pytest.approx(2e-4 * 0.5**3)
            rate.iterations.assign(4 * steps)
            assert float(rate.learning_rate) == pytest.approx(2e-4 * 0.5**4)


def test_in_mixed_precision_losses_and_state_stay_whole(feature_folder):
    corpus = Corpus.split(FeatureSet(feature_folder), 1, 0)
    model = training(feature_folder, Path("nowhere"), mixed_precision=True).fresh_model(corpus)
    wave = tf.random.stateless_uniform([2, 1024], [1, 2], -0.5, 0.5)
    score = model.discriminator.msd.discriminators[0].score
    before = score.v.numpy()
    found = model.train_step((wave, wave))
    assert all(np.isfinite(value) for value in found.values())
    assert score.compute_dtype == "bfloat16"
    assert score.v.dtype == "float32"
    assert not np.array_equal(before, score.v.numpy())


def test_what_cannot_be_gone_on_from_is_refused(feature_folder, known, tmp_path):
    HiFiGANGenerator(NARROW, dataclasses.replace(SPEC, fmax=7600.0)).save_to_preset(tmp_path / "other")
    HiFiGANGenerator(NARROW, SPEC).fuse().save_to_preset(tmp_path / "fused")
    wider = dataclasses.replace(NARROW, upsample_initial_channel=32)
    for name, model, words in (
        (tmp_path / "other", NARROW, r"other mels than those that .*other was trained on \(fmax: "),
        (tmp_path / "fused", NARROW, "fused.* weight_g and weight_v"),
        (known / "discriminator", NARROW, "holds a hifigan_discriminator model, not hifigan"),
    ):
        with pytest.raises(TfvcError, match=words):
            training(feature_folder, tmp_path / "run", Start.find(name), model).run(False, silent)
        assert not (tmp_path / "run").exists()
    with pytest.raises(TfvcError, match="it is of another model"):
        training(feature_folder, tmp_path / "run", Start.find(known), wider).run(False, silent)


@pytest.mark.parametrize(("kind", "known"), [(HiFiGANTraining, "v1, v2, v3"), (MelGANTraining, "descript, small")])
def test_an_unknown_preset_is_told_the_known_ones(kind, known):
    with pytest.raises(TfvcError, match=f"no preset 'v4'; choose one of {known}.*, or a trained generator's"):
        kind.defaults("v4", SPEC)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epoch_decay": 0.0}, "epoch_decay must be greater"),
        ({"scale_widths": (8,) * 7}, "take multiples of 16"),
    ],
)
def test_senseless_settings_are_refused(settings, words):
    with pytest.raises(TfvcError, match=words):
        HiFiGANTrainingConfig(**settings)
