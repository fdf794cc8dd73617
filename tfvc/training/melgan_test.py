import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import MelSpec
from tfvc.common.errors import TfvcError
from tfvc.data import FeatureSet, prepare
from tfvc.models.melgan import MelGAN, MelGANDiscriminator, MelGANGenerator
from tfvc.models.melgan_keras_io import KerasIOMelGANGenerator
from tfvc.training.base import Corpus
from tfvc.training.checkpoints import Checkpoints
from tfvc.training.conftest import losses, silent, spectrum_embedding, summaries
from tfvc.training.melgan import MelGANTraining, MelGANTrainingConfig
from tfvc.training.melgan_keras_io import KerasIOMelGANTraining

NARROW = dict(
    channels=16,
    residual_layers=1,
    discriminator_scales=2,
    discriminator_channels=4,
    discriminator_max_channels=8,
    mel_weight=5.0,
)
SETTINGS = dict(
    segment=4096,
    validation_speakers=1,
    validate_every=4,
    checkpoint_every=3,
    warmup_steps=2,
    generator_learning_rate=1e-3,
    discriminator_learning_rate=2e-3,
    final_fraction=0.1,
    ema_decay=0.8,
)


def training(data, out, network=None, settings=None, kind=MelGANTraining, **changes):
    described = {"steps": 8, "batch_size": 2, "seed": 5} | changes
    model = kind.gan_class.generator_class.config_class(**NARROW | (network or {}))
    return kind(data, out, model, kind.settings_class(**SETTINGS | (settings or {})), **described)


@pytest.fixture(scope="module")
def finished(feature_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    training(feature_folder, out).run(resume=False, report=silent)
    return out


def test_a_run_leaves_losses_checkpoints_and_presets(finished):
    steps = losses(finished)
    assert [line["step"] for line in steps] == list(range(1, 9))
    for line in steps:
        assert set(line) == {"step", "discriminator", "generator", "adversarial", "feature", "mel"}
    for line in steps[2:]:
        whole = line["adversarial"] + 10 * line["feature"] + 5 * line["mel"]
        assert line["generator"] == pytest.approx(whole, rel=1e-5)
        assert line["discriminator"] > 0
    assert steps[-1]["mel"] < steps[0]["mel"]
    assert Checkpoints(finished / "checkpoints", 2).steps() == [6, 8]

    generator = MelGANGenerator.from_preset(finished / "preset")
    assert generator.mel_spec == MelSpec.named("hifigan_22k")
    assert MelGANDiscriminator.from_preset(finished / "discriminator").config == generator.config
    for folder, network in (("preset", generator), ("discriminator", None)):
        record = json.loads((finished / folder / "training.json").read_text())
        assert record["steps"] == 8
        assert (record["training_speakers"], len(record["held_out_speakers"])) == (3, 1)
        assert record["losses"]["mel"] == pytest.approx(np.mean([line["mel"] for line in steps]))
        if network:
            assert record["parameters"] == sum(np.prod(v.shape) for v in network.trainable_variables)


def test_the_first_steps_are_the_generators_alone(finished):
    steps = losses(finished)
    for line in steps[:2]:
        assert line["generator"] == line["mel"] > 0
        assert line["discriminator"] == line["adversarial"] == line["feature"] == 0


def test_what_tensorboard_shows(finished):
    shown = {}
    for value in summaries(finished):
        shown.setdefault(value.tag, []).append(value)
    (speaker,) = json.loads((finished / "preset/training.json").read_text())["held_out_speakers"]
    assert len(shown["validation/mel"]) == len(shown[f"{speaker}/generated"]) == len(shown[f"{speaker}/mel"]) == 2
    assert len(shown[f"{speaker}/recorded"]) == 1
    for tag, plugin in (("generated", "audio"), ("mel", "images"), ("recorded", "audio")):
        assert shown[f"{speaker}/{tag}"][0].metadata.plugin_data.plugin_name == plugin


def test_the_validation_curve_is_the_mel_distance_of_the_averaged_generator(feature_folder, finished):
    curve = json.loads((finished / "preset/training.json").read_text())["validation_curves"]["mel"]
    assert list(curve) == ["4", "8"]
    run = training(feature_folder, finished)
    corpus = Corpus.split(FeatureSet(feature_folder), 1, run.seed)
    generator = MelGANGenerator.from_preset(finished / "preset")
    spec, distances = corpus.features.spec, []
    for index, utterance in enumerate(corpus.features.utterances):
        if utterance.speaker in corpus.validation:
            frames = run.settings.segment // spec.hop
            start = (utterance.samples // spec.hop - frames) // 2
            wave = corpus.features.wave(index, start * spec.hop, frames * spec.hop)
            mel = spec.extract(wave)
            distances.append(np.abs(mel - spec.extract(generator(mel[None])[0, :, 0].numpy())).mean())
    assert curve["8"] == pytest.approx(np.mean(distances), rel=1e-4)


CHILD = """
import sys
from pathlib import Path
from tfvc.training.melgan_test import silent, training
training(Path(sys.argv[1]), Path(sys.argv[2])).run(resume=True, report=silent)
"""


def test_a_killed_run_goes_on_to_the_same_losses_and_weights(feature_folder, finished, tmp_path):
    out = tmp_path / "run"
    command = [sys.executable, "-c", CHILD, str(feature_folder), str(out)]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    written = out / "losses.jsonl"
    while child.poll() is None and not (written.exists() and len(written.read_bytes().splitlines()) >= 5):
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (out / "preset").exists()

    training(feature_folder, out).run(resume=True, report=silent)
    for name in ("losses.jsonl", "validation.jsonl"):
        assert (out / name).read_bytes() == (finished / name).read_bytes()
    for folder, kind in (("preset", MelGANGenerator), ("discriminator", MelGANDiscriminator)):
        mine, theirs = kind.from_preset(out / folder), kind.from_preset(finished / folder)
        for a, b in zip(mine.weights, theirs.weights, strict=True):
            assert a.numpy().tobytes() == b.numpy().tobytes(), a.path


def test_a_loss_that_is_not_finite_ends_the_run_and_is_named(feature_folder, tmp_path, monkeypatch):
    original = MelGAN.generator_losses
    seen = tf.Variable(0)

    def spoiled(self, real, fake):
        found = original(self, real, fake)
        return found | {"feature": found["feature"] * tf.where(seen.assign_add(1) < 5, 1.0, np.nan)}

    monkeypatch.setattr(MelGAN, "generator_losses", spoiled)
    words = r"the feature loss is nan at step 5; the last good checkpoint is .*step-00000003; .*generator_learning_rate"
    with pytest.raises(TfvcError, match=words):
        training(feature_folder, tmp_path / "run", settings={"warmup_steps": 0}).run(resume=False, report=silent)
    assert len(losses(tmp_path / "run")) == 4
    assert not (tmp_path / "run/preset").exists()


@pytest.fixture(scope="module")
def keras_io(corpus_folder, tmp_path_factory):
    """A run of the other architecture on its own mels in mixed precision, with a checkpoint of every step."""
    data = tmp_path_factory.mktemp("features_of_keras_io")
    prepare(corpus_folder, data, MelSpec.named("keras_22k"), jobs=1, embed=spectrum_embedding)
    settings = {"checkpoint_every": 1, "keep_checkpoints": 9, "validation_speakers": 0, "final_fraction": 1.0}
    run = training(
        data, data / "run", {"mel_weight": 0.0}, settings, KerasIOMelGANTraining, steps=4, mixed_precision=True
    )
    run.run(resume=False, report=silent)
    return run


def test_mixed_precision_trains(keras_io):
    steps = losses(keras_io.out)
    assert [set(line) for line in steps] == [{"step", "discriminator", "generator", "adversarial", "feature"}] * 4
    # Without a weight of the mels they are what warms the generator up, and nothing afterwards.
    assert steps[1]["generator"] < steps[0]["generator"]
    assert steps[2]["generator"] == pytest.approx(steps[2]["adversarial"] + 10 * steps[2]["feature"], rel=1e-5)
    generator = KerasIOMelGANGenerator.from_preset(keras_io.out / "preset")
    assert {weight.dtype for weight in generator.weights} == {"float32"}
    assert generator.mel_spec == MelSpec.named("keras_22k")
    model = keras_io.fresh_model(Corpus(FeatureSet(keras_io.data), ["anna"], []))
    assert model.generator.network.conv_pre.compute_dtype == "bfloat16"
    mel, wave = model.unpack((tf.zeros([1, 4096]), tf.zeros([1, 4096])))
    fake = model.generator(mel)
    assert (mel.dtype, wave.dtype, fake.dtype) == (tf.float32,) * 3
    maps = model.discriminator(fake)
    found = model.generator_losses(maps, maps) | model.discriminator_losses(maps, maps)
    assert {value.dtype for value in found.values()} == {tf.float32}


def test_without_held_out_speakers_there_is_sound_but_no_curve(keras_io):
    assert "anna/generated" in {value.tag for value in summaries(keras_io.out)}
    record = json.loads((keras_io.out / "preset/training.json").read_text())
    assert record["validation_losses"] == record["validation_curves"] == {}


def test_the_preset_has_the_running_means_of_the_weights(keras_io):
    model = keras_io.fresh_model(Corpus(FeatureSet(keras_io.data), ["anna"], []))
    checkpoints = Checkpoints(keras_io.out / "checkpoints", 9)
    assert checkpoints.steps() == [1, 2, 3, 4]
    means = None
    for step in checkpoints.steps():
        model.load_weights(checkpoints.path(step) / "state.weights.h5")
        weights = [w.astype(np.float64) for w in model.generator.get_weights()]
        means = weights if step == 1 else [0.8 * m + 0.2 * w for m, w in zip(means, weights, strict=True)]
    preset = KerasIOMelGANGenerator.from_preset(keras_io.out / "preset")
    for mean, kept in zip(means, preset.weights, strict=True):
        np.testing.assert_allclose(kept.numpy(), mean, atol=1e-6, err_msg=kept.path)
    assert any((kept.numpy() != last).any() for kept, last in zip(preset.weights, weights, strict=True))


def test_before_the_first_step_the_running_means_are_the_weights(feature_folder):
    """In float16 the first steps are passed over until the loss scale fits."""
    model = training(feature_folder, Path("nowhere")).fresh_model(Corpus.split(FeatureSet(feature_folder), 1, 0))
    for mean, weight in zip(model.averaged_generator().get_weights(), model.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(mean, weight)


def test_the_gain_depends_on_seed_step_and_row_alone(feature_folder):
    run = training(feature_folder, Path("nowhere"), settings={"gain_min": 0.4, "gain_max": 0.7}, seed=2**32 - 1)
    corpus = Corpus.split(FeatureSet(feature_folder), 1, 0)
    whole = [wave.numpy() for wave, _ in run.batches(corpus, 0)]
    later = [wave.numpy() for wave, _ in run.batches(corpus, 5)]
    assert len(whole) == 8
    for early, late in zip(whole[5:], later, strict=True):
        np.testing.assert_array_equal(early, late)
    plain = training(feature_folder, Path("nowhere"), settings={"gain_min": 1.0, "gain_max": 1.0}, seed=run.seed)
    gains = [
        np.abs(wave).sum(axis=1) / np.abs(reference).sum(axis=1)
        for wave, (reference, _) in zip(whole, plain.batches(corpus, 0), strict=True)
    ]
    assert len(np.unique(np.round(gains, 5))) == 16
    assert 0.4 <= np.min(gains) < 0.5
    assert 0.6 < np.max(gains) <= 0.7


@pytest.mark.parametrize(("kind", "preset"), [(MelGANTraining, "descript"), (KerasIOMelGANTraining, "keras_io")])
def test_the_published_learning_rates_are_kept(kind, preset):
    model, settings = kind.defaults(preset, MelSpec.named("hifigan_22k"))
    generator, discriminator = kind.gan_class.fresh(type(model)(**NARROW)).default_optimizers()
    assert settings.generator_learning_rate == pytest.approx(float(generator.learning_rate))
    assert settings.discriminator_learning_rate == pytest.approx(float(discriminator.learning_rate))
    assert settings.final_fraction == 1


def test_learning_rates_fall_along_a_cosine_to_their_fraction(feature_folder):
    run = training(feature_folder, Path("nowhere"))
    model = run.fresh_model(Corpus.split(FeatureSet(feature_folder), 1, 0))
    rates = run.optimizers(model)
    for name, steps in (("generator_learning_rate", 8), ("discriminator_learning_rate", 6)):
        for step, part in ((0, 1.0), (steps // 2, 0.55), (steps, 0.1)):
            rates[name].iterations.assign(step)
            expected = part * getattr(run.settings, name)
            assert float(rates[name].learning_rate) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"generator_learning_rate": 0.0}, "generator_learning_rate must be greater than 0, received 0.0"),
        (
            {"discriminator_learning_rate": float("nan")},
            "discriminator_learning_rate must be a finite number",
        ),
        ({"final_fraction": 1.5}, "final_fraction must be less than or equal to 1, received 1.5"),
        ({"ema_decay": 1.0}, "ema_decay must be less than 1, received 1.0"),
        ({"warmup_steps": -1}, "warmup_steps must be greater than or equal to 0, received -1"),
        ({"gain_min": 0.5, "gain_max": 0.4}, "gain_min is 0.5; it must be at most gain_max, 0.4"),
        ({"gain_max": 1.5}, "gain_max must be less than or equal to 1, received 1.5"),
        ({"checkpoint_every": 0}, "checkpoint_every must be greater than or equal to 1, received 0"),
    ],
)
def test_senseless_settings_are_refused(settings, words):
    with pytest.raises(TfvcError, match=words):
        MelGANTrainingConfig(**settings)


@pytest.mark.parametrize(
    ("network", "settings", "changes", "words"),
    [
        ({}, {"segment": 8000}, {}, "segment is 8000 samples; it must be a multiple of the hop, 256"),
        ({}, {"segment": 768}, {}, "multiple of the hop, 256, and at least 1024"),
        ({}, {"segment": 1}, {}, "at least 1024"),
        ({}, {"validation_speakers": 4}, {}, "cannot hold out 4 of 4 speakers"),
        ({}, {}, {"seed": -1}, "seed is -1"),
        ({"n_mels": 40}, {}, {}, "mels have 80 channels, the model wants 40"),
        ({"upsample_rates": (8, 8, 2)}, {}, {}, "a frame of its mels is 256 samples, the model makes 128 of it"),
    ],
)
def test_what_does_not_fit_the_features_is_refused_before_anything_is_written(
    feature_folder, tmp_path, network, settings, changes, words
):
    with pytest.raises(TfvcError, match=words):
        training(feature_folder, tmp_path / "run", network, settings, **changes).run(resume=False, report=silent)
    assert not (tmp_path / "run").exists()
