"""Every model through Keras's own ways: cloned, and saved as a `.keras` file and loaded."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfvc.audio import named_spec
from tfvc.models.autovc import AutoVC, AutoVCConfig, Decoder, Encoder, Postnet
from tfvc.models.hifigan import (
    HiFiGAN,
    HiFiGANConfig,
    HiFiGANDiscriminator,
    HiFiGANDiscriminatorConfig,
    HiFiGANGenerator,
)
from tfvc.models.melgan import MelGAN, MelGANConfig, MelGANDiscriminator, MelGANGenerator
from tfvc.models.melgan_keras_io import (
    KerasIOMelGAN,
    KerasIOMelGANConfig,
    KerasIOMelGANDiscriminator,
    KerasIOMelGANGenerator,
)
from tfvc.models.speaker_encoder import SpeakerEncoder, SpeakerEncoderConfig
from tfvc.models.vits import VITS, ToneConverter, ToneConverterConfig, VITSConfig

SPEC = named_spec("hifigan_22k")
AUTOVC = AutoVCConfig(neck=4, freq=8, conv_channels=16, decoder_lstm1=16, decoder_lstm2=24, mel_offset=11.5)
HIFIGAN = HiFiGANConfig(upsample_rates=(8, 5, 4), upsample_kernel_sizes=(16, 11, 8), upsample_initial_channel=16)
JUDGES = HiFiGANDiscriminatorConfig((2, 3), (4, 6), 2, (8, 16, 32, 16, 16, 16, 8))
NARROW = {"channels": 16, "discriminator_channels": 4, "discriminator_max_channels": 16}
LINEAR = named_spec("vits_22k")
VITS_SIZES = {
    "inter_channels": 4,
    "hidden_channels": 6,
    "gin_channels": 5,
    "posterior_layers": 1,
    "flow_layers": 1,
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": (3,),
    "resblock_dilation_sizes": ((1,),),
}
TALKER = VITSConfig(**VITS_SIZES, n_vocab=7, filter_channels=8, n_layers=1, n_speakers=3)
TONE = ToneConverterConfig(**VITS_SIZES, reference_filters=(3, 4), reference_units=6)
MELGAN, KERAS_IO = MelGANConfig(**NARROW, mel_weight=2.0), KerasIOMelGANConfig(**NARROW)

SMALL = {
    "autovc": (lambda: AutoVC(AUTOVC, SPEC), "mel and embeddings"),
    "encoder": (lambda: AutoVC(AUTOVC).encoder, "mel and embedding"),
    "decoder": (lambda: AutoVC(AUTOVC).decoder, "codes and embedding"),
    "postnet": (lambda: AutoVC(AUTOVC).postnet, "mel"),
    "speaker_encoder": (lambda: SpeakerEncoder(SpeakerEncoderConfig(n_mels=80, units=16, embedding=8), SPEC), "mel"),
    "hifigan": (lambda: HiFiGANGenerator(HIFIGAN, SPEC), "mel"),
    "hifigan, fused": (lambda: HiFiGANGenerator(HIFIGAN, SPEC).fuse(), "mel"),
    "hifigan_discriminator": (lambda: HiFiGANDiscriminator(JUDGES, SPEC), "wave"),
    "melgan": (lambda: MelGANGenerator(MELGAN), "mel"),
    "melgan_discriminator": (lambda: MelGANDiscriminator(MELGAN), "wave"),
    "melgan_keras_io": (lambda: KerasIOMelGANGenerator(KERAS_IO, SPEC), "mel"),
    "melgan_keras_io, float64": (lambda: KerasIOMelGANGenerator(KERAS_IO, SPEC, dtype="float64"), "mel"),
    "melgan, half": (lambda: MelGANGenerator(MELGAN, SPEC, dtype="mixed_bfloat16", name="half"), "mel"),
    "melgan_keras_io_discriminator": (lambda: KerasIOMelGANDiscriminator(KERAS_IO), "wave"),
    "vits": (lambda: VITS(TALKER, LINEAR, {"symbols": list("_ab")}, {"ann": 0, "bob": 2}), "text"),
    "vits_tone_converter, fused": (lambda: ToneConverter(TONE, LINEAR).fuse(), "spectrogram and speakers"),
    "hifigan in training": (lambda: HiFiGAN.fresh(HIFIGAN, SPEC, JUDGES), "mel"),
    "melgan in training": (lambda: MelGAN.fresh(MELGAN, SPEC), "mel"),
    "melgan_keras_io in training": (lambda: KerasIOMelGAN.fresh(KERAS_IO, SPEC), "mel"),
}
REAL = {
    "autovc small": (lambda: AutoVC.from_name("small"), "mel and embeddings"),
    "ge2e": (lambda: SpeakerEncoder.from_name("ge2e"), "mel of 40"),
    "hifigan v2": (lambda: HiFiGANGenerator.from_name("v2"), "mel"),
    "melgan": (lambda: MelGANGenerator.from_name("descript"), "mel"),
    "melgan_keras_io": (lambda: KerasIOMelGANGenerator.from_name("keras_io"), "mel"),
    "melgan_discriminator": (lambda: MelGANDiscriminator.from_name("descript"), "wave"),
}


def draw(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)


INPUTS = {
    "mel": lambda: draw(2, 13, 80),
    "mel of 40": lambda: draw(2, 13, 40),
    "mel and embeddings": lambda: (draw(2, 13, 80), draw(2, 256), draw(2, 256)),
    "mel and embedding": lambda: (draw(2, 16, 80), draw(2, 256)),
    "codes and embedding": lambda: (draw(2, 2, 8), draw(2, 256)),
    "wave": lambda: draw(2, 701, 1),
    "text": lambda: {
        "ids": np.array([[1, 2, 6, 3, 0], [4, 5, 0, 0, 0]]),
        "lengths": np.array([5, 2]),
        "noise": draw(2, 200, 4),
        "duration_noise": draw(2, 5, 2),
        "speaker": np.array([2, 0]),
    },
    "spectrogram and speakers": lambda: {
        "spectrogram": np.abs(draw(2, 9, 513)),
        "lengths": np.array([9, 6]),
        "source": draw(2, 5),
        "target": -draw(2, 5),
        "noise": draw(2, 9, 4),
    },
}


def outputs(model, given):
    inputs = INPUTS[given]()
    called = model(*inputs) if type(model) in (Encoder, Decoder, Postnet) and "and" in given else model(inputs)
    return [np.asarray(tensor) for tensor in tf.nest.flatten(called)]


def is_the_same(found, model, given):
    assert type(found) is type(model)
    assert found.get_config() == model.get_config()
    assert found.config == model.config
    assert getattr(found, "mel_spec", None) == getattr(model, "mel_spec", None)
    assert [v.name for v in found.weights] == [v.name for v in model.weights]
    expected = outputs(model, given)
    assert all(np.isfinite(tensor).all() and tensor.std() > 0 for tensor in expected)
    return all(a.tobytes() == b.tobytes() for a, b in zip(outputs(found, given), expected, strict=True))


def shaken(model):
    """No variable as it was drawn."""
    rng = np.random.default_rng(7)
    for variable in model.weights:
        if "float" in variable.dtype:
            variable.assign(variable.numpy() * rng.uniform(0.8, 1.2, variable.shape) + rng.normal(0, 0.01))
    return model


@pytest.mark.parametrize("name", SMALL)
def test_a_model_is_cloned_and_comes_back_from_a_file(tmp_path, name):
    make, given = SMALL[name]
    model = shaken(make())
    clone = keras.models.clone_model(model)
    assert not is_the_same(clone, model, given)
    clone.set_weights(model.get_weights())
    assert is_the_same(clone, model, given)
    model.save(tmp_path / "model.keras")
    assert is_the_same(keras.saving.load_model(tmp_path / "model.keras"), model, given)


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_models_of_real_size_come_back_from_a_file(tmp_path, name):
    make, given = REAL[name]
    model = shaken(make())
    model.save(tmp_path / "model.keras")
    assert is_the_same(keras.saving.load_model(tmp_path / "model.keras"), model, given)


@pytest.mark.parametrize("name", ["autovc", "melgan in training"])
def test_a_compiled_model_goes_on_training_where_it_was(tmp_path, name):
    from tfvc.optimizers.adam import Adam

    make, _ = SMALL[name]
    model = make()
    if name == "autovc":
        model.compile(optimizer=Adam(1e-3, clip_grad_norm=1.0))
        batch = {"mel": draw(2, 16, 80), "speaker_embedding": draw(2, 256)}
    else:
        model.compile(Adam(1e-3, use_ema=True, ema_momentum=0.9), warmup_steps=1)
        batch = {"waveform": draw(2, 2048) * 0.1}
    # Eagerly, both: the graphs of the step take minutes to trace, and what is saved is the same.
    model.run_eagerly = True
    data = tf.data.Dataset.from_tensors(batch).repeat(2)
    model.fit(data, verbose=0, shuffle=False)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    again.run_eagerly = True
    assert getattr(again, "warmup_steps", 1) == 1
    found, expected = (it.fit(data, verbose=0, shuffle=False).history for it in (again, model))
    assert found == expected
    assert all(np.array_equal(a, b) for a, b in zip(again.get_weights(), model.get_weights(), strict=True))


def test_nothing_but_the_import_of_its_module_is_needed(tmp_path):
    MelGANGenerator(MELGAN, SPEC).save(tmp_path / "model.keras")
    code = (
        "import sys, keras, tfvc.models.melgan.generator; print(keras.saving.load_model(sys.argv[1]).config.channels)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model.keras")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "16\n"
