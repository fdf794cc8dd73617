import numpy as np
import pytest
import tensorflow as tf

from tfvc.common.errors import TfvcError
from tfvc.models.melgan import MelGANConfig, MelGANGenerator
from tfvc.models.melgan_keras_io import KerasIOMelGANGenerator
from tfvc.testing import assert_equal_in_float64, assert_equal_within_noise


def generator(dtype="float64", kind=MelGANGenerator, **changes):
    """A narrow generator whose g is not |v|."""
    model = kind(kind.config_class(**{"channels": 16, "n_mels": 5} | changes), dtype=dtype)
    rng = np.random.default_rng(0)
    for variable in model.weights:
        factor = rng.uniform(0.5, 2.0, variable.shape)
        variable.assign(variable.numpy() * factor if variable.name == "g" else rng.normal(0, 0.3, variable.shape))
    return model


def speak(model, mel):
    """[frames, n_mels] -> [frames, hop]."""
    return model(mel[None]).numpy().reshape(len(mel), model.hop)


SHAPES = {
    "descript": {},
    "keras_io": {"kind": KerasIOMelGANGenerator},
    "odd": {"upsample_rates": (8, 5, 4)},
    "odd_first": {"upsample_rates": (3, 2)},
    "slow": {"upsample_rates": (2, 2), "residual_layers": 4},
    "keras_io_slow": {"kind": KerasIOMelGANGenerator, "upsample_rates": (2, 16)},
}


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_no_sample_depends_on_a_frame_beyond_the_reach(changes):
    model = generator(**changes)
    reach, middle = model.reach, 3 * model.reach
    mel = np.random.default_rng(1).normal(size=(2 * middle + 1, 5))
    spoiled = mel.copy()
    # NaN goes wherever the frame is looked at, however little of it would be heard.
    spoiled[middle] = np.nan
    (touched,) = np.nonzero(np.isnan(speak(model, spoiled)).any(axis=1))
    assert -reach <= touched.min() - middle <= 0 <= touched.max() - middle <= reach
    # The figure is rounded up to whole frames at each upsampling, so it may be larger than the network needs, not much.
    assert touched.max() - middle >= reach - len(model.config.upsample_rates)
    untouched = np.setdiff1d(np.arange(len(mel)), touched)
    np.testing.assert_array_equal(speak(model, spoiled)[untouched], speak(model, mel)[untouched])


@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_the_shortest_mel_is_taken_and_none_shorter(changes):
    model = generator(**changes)
    least = model.least_frames
    assert np.isfinite(speak(model, np.ones((least, 5)))).all()
    if least > 1:
        with pytest.raises(tf.errors.InvalidArgumentError):
            speak(model, np.ones((least - 1, 5)))


@pytest.mark.parametrize("kind", [MelGANGenerator, KerasIOMelGANGenerator])
def test_fusing_changes_nothing_but_the_variables(kind):
    mel = np.random.default_rng(2).normal(size=(20, 5))
    exact = generator(kind=kind)
    wanted = speak(exact, mel)
    assert wanted.std() > 1e-3
    assert_equal_in_float64(speak(exact.fuse(), mel), wanted)
    # In float32 the fused weights are as far from float64 as the unfused.
    single = generator("float32", kind)
    for ours, theirs in zip(exact.weights, single.weights, strict=True):
        ours.assign(theirs.numpy())
    wanted = speak(exact, mel)
    fused = single.fuse()
    assert_equal_within_noise(speak(fused, mel), wanted, speak(single, mel))
    assert (single.fused, fused.fused) == (False, True)
    assert fused.config == single.config
    assert fused.fuse() is fused
    assert len(fused.weights) < len(single.weights)
    assert all(variable.name in ("kernel", "bias") for variable in fused.weights)


@pytest.mark.parametrize(("field", "value"), [("hop", 200), ("n_mels", 40)])
def test_a_generator_and_mels_that_do_not_fit_are_neither_saved_nor_loaded(tmp_path, field, value):
    import dataclasses
    import json

    good = MelGANGenerator(MelGANConfig(channels=16), MelGANGenerator.from_name("small").mel_spec)
    good.save_to_preset(tmp_path / "good")
    text = json.loads((tmp_path / "good/mel.json").read_text())
    (tmp_path / "good/mel.json").write_text(json.dumps({**text, field: value}))
    with pytest.raises(TfvcError, match=rf"good: the model's {field} is \d+, its mel spec's {value}"):
        MelGANGenerator.from_preset(tmp_path / "good")
    bad = MelGANGenerator(good.config, dataclasses.replace(good.mel_spec, **{field: value}))
    with pytest.raises(TfvcError, match=rf"bad: the model's {field} is \d+, its mel spec's {value}"):
        bad.save_to_preset(tmp_path / "bad")
    assert [path.name for path in tmp_path.iterdir()] == ["good"]
