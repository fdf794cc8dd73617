"""`tfvc import-h5` on files as Keras 2 saves them, whole and spoiled."""

import functools
import shutil

import h5py
import numpy as np
import pytest

from parity_tests.legacy.files import write_file
from parity_tests.legacy.imported import Imported
from tfvc.cli.conftest import refused
from tfvc.cli.import_h5 import import_h5
from tfvc.common.errors import TfvcError
from tfvc.models.autovc import AutoVC
from tfvc.models.melgan_keras_io import KerasIOMelGANDiscriminator, KerasIOMelGANGenerator
from tfvc.weights.keras2 import load_keras2_files

NETWORKS = ("encoder", "decoder", "postnet")


def autovc_files(file, suffix=""):
    return [file(f"autovc_{name}{suffix}") for name in NETWORKS]


def same_weights(one, other) -> bool:
    return all(
        mine.numpy().tobytes() == theirs.numpy().tobytes()
        for mine, theirs in zip(one.weights, other.weights, strict=True)
    )


@pytest.mark.slow
def test_the_command_writes_presets(tfvc, saved, tmp_path):
    path = saved("melgan_generator")
    done = tfvc("import-h5", "melgan_keras_io", path, "--out", tmp_path / "melgan")
    assert (done.returncode, done.stderr) == (0, "")
    preset = KerasIOMelGANGenerator.from_preset(tmp_path / "melgan")
    assert same_weights(preset, Imported(KerasIOMelGANGenerator.from_name("keras_io"), {"generator": path}).model)
    done = tfvc("import-h5", "autovc", *autovc_files(saved, "_over_time"), "--out", tmp_path / "autovc")
    assert refused(done, "autovc_encoder_over_time.h5: batch_normalization", "normalises the time axis", "176 frames")
    assert [entry.name for entry in tmp_path.iterdir()] == ["melgan"]


@pytest.mark.slow
def test_the_files_of_autovc_in_any_order(saved, tmp_path):
    paths = autovc_files(saved)
    import_h5("autovc", [paths[i] for i in (2, 0, 1)], tmp_path / "autovc")
    preset = AutoVC.from_preset(tmp_path / "autovc")
    assert preset.config.freq == 22
    model = Imported(AutoVC.from_name("article"), dict(zip(NETWORKS, paths, strict=True))).model
    assert same_weights(preset, model)
    assert all(np.all(d.recurrent_bias.numpy() == 0) for d in model.decoder.lstm2.directions)


@pytest.fixture(scope="module")
def discriminator():
    return KerasIOMelGANDiscriminator.from_name("keras_io")


@pytest.fixture(scope="module")
def generator():
    return KerasIOMelGANGenerator.from_name("keras_io")


@pytest.fixture(scope="module")
def autovc():
    return AutoVC.from_name("article")


@pytest.fixture(scope="module")
def hollow(tmp_path_factory):
    """The same files with all but the numbers."""
    folder = tmp_path_factory.mktemp("hollow")
    return functools.cache(lambda name: write_file(folder / f"{name}.h5", name, numbers=False))


@pytest.mark.parametrize("network", NETWORKS)
def test_batch_norm_over_time_is_refused_in_every_network(autovc, hollow, network):
    paths = [hollow(f"autovc_{n}{'_over_time' if n == network else ''}") for n in NETWORKS]
    words = rf"{network}_over_time\.h5: batch_normalization\S* normalises the time axis, not channels"
    with pytest.raises(TfvcError, match=words) as refusal:
        load_keras2_files(autovc, paths)
    assert all(word in str(refusal.value) for word in ("176 frames", "512 channels", "behind a transpose"))
    assert "\n" not in str(refusal.value)


def test_older_files_have_their_names_as_bytes_and_whole_models_theirs_deeper(generator, tmp_path):
    load_keras2_files(generator, [write_file(tmp_path / "plain.h5", "melgan_generator")])
    expected = [variable.numpy() for variable in generator.weights]
    old = write_file(tmp_path / "old.h5", "melgan_generator", text_as=np.bytes_)
    with h5py.File(tmp_path / "whole.h5", "w") as whole, h5py.File(old) as file:
        file.copy(file, whole, "model_weights")
        whole["model_weights"].attrs.update(file.attrs)
        whole["optimizer_weights/adam/m:0"] = np.zeros(3)
    for path in (old, tmp_path / "whole.h5"):
        generator.set_weights([np.zeros_like(x) for x in expected])
        load_keras2_files(generator, [path])
        assert all(np.array_equal(v.numpy(), x) for v, x in zip(generator.weights, expected, strict=True))


def rename(file, layer, old, new):
    file[layer].move(f"{layer}/{old}:0", f"{layer}/{new}:0")
    names = [n.replace(f"/{old}:0", f"/{new}:0") for n in file[layer].attrs["weight_names"]]
    file[layer].attrs.create("weight_names", names, (len(names),), h5py.string_dtype())


def replace(file, name, array):
    del file[name]
    file[name] = array


SECOND = "weight_normalization_1/weight_normalization_1"
SPOILED = {
    "missing": (lambda f: f.__delitem__(f"{SECOND}/bias:0"), "weight_normalization_1/bias:0, which is not there"),
    "extra": (lambda f: f.__setitem__("more/kernel:0", np.ones(3)), "more/kernel:0 belongs to none of the layers"),
    "renamed": (
        lambda f: rename(f, "weight_normalization_1", "g", "gain"),
        "weight_normalization_1 holds .*, where a weight normalisation with g, kernel, bias, initialized is expected",
    ),
    "shape": (
        lambda f: replace(f, f"{SECOND}/kernel:0", np.ones((256, 3, 256), "f4")),
        r"kernel of weight_normalization_1 has shape \(256, 3, 256\), the model's .* wants \(3, 256, 256\)",
    ),
    "type": (lambda f: replace(f, f"{SECOND}/g:0", np.ones(256, "i4")), "g of weight_normalization_1 is int32"),
    "unstarted": (lambda f: replace(f, f"{SECOND}/initialized:0", False), "weight_normalization_1 was never called"),
    "flag": (lambda f: replace(f, f"{SECOND}/initialized:0", np.ones(2)), "not one truth value"),
    "shorter": (
        lambda f: f.attrs.create(
            "layer_names", list(f.attrs["layer_names"])[:-1], (len(f.attrs["layer_names"]) - 1,), h5py.string_dtype()
        ),
        "belongs to none of the layers",
    ),
    "unknown layer": (lambda f: f.__delitem__("conv1d"), "damaged"),
    "soft link": (
        lambda f: replace(f, f"{SECOND}/bias:0", h5py.SoftLink("/weight_normalization/weight_normalization/bias:0")),
        "bias:0 points elsewhere",
    ),
    "external link": (
        lambda f: replace(f, f"{SECOND}/bias:0", h5py.ExternalLink("elsewhere.h5", "/a")),
        "points elsewhere",
    ),
    "external data": (
        lambda f: (
            f.__delitem__(f"{SECOND}/bias:0"),
            f.create_dataset(f"{SECOND}/bias:0", (256,), "f4", external=[("elsewhere.bin", 0, 1024)]),
        ),
        "no array of this file",
    ),
    "not a list": (lambda f: f.attrs.__setitem__("layer_names", 3.0), "no list of names"),
    "no list": (lambda f: f.attrs.__delitem__("layer_names"), "not a weight file of Keras 2"),
    "huge": (
        lambda f: (f.__delitem__(f"{SECOND}/g:0"), f.create_dataset(f"{SECOND}/g:0", (2**36,), "f4", chunks=(2**20,))),
        r"g of weight_normalization_1 has shape \(68719476736,\)",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_does_not_fit_is_named_and_the_model_is_as_it_was(generator, hollow, tmp_path, name):
    spoil, words = SPOILED[name]
    path = tmp_path / "spoiled.h5"
    shutil.copy(hollow("melgan_generator"), path)
    with h5py.File(path, "r+") as file:
        spoil(file)
    before = [variable.numpy() for variable in generator.weights[:5]]
    with pytest.raises(TfvcError, match=words) as refusal:
        load_keras2_files(generator, [path])
    assert str(refusal.value).startswith(str(path))
    assert "\n" not in str(refusal.value)
    assert all(np.array_equal(variable.numpy(), x) for variable, x in zip(generator.weights, before, strict=False))


def test_files_that_belong_to_something_else(generator, autovc, hollow, tmp_path):
    (tmp_path / "text.h5").write_text("weights, honestly")
    (tmp_path / "empty.h5").write_bytes(b"")
    encoder, decoder, postnet = autovc_files(hollow)
    for model, paths, words in (
        (generator, [tmp_path / "none.h5"], "none.h5: no such file"),
        (generator, [tmp_path / "text.h5"], "text.h5: .* not an h5 file"),
        (generator, [tmp_path / "empty.h5"], "empty.h5: .* not an h5 file"),
        (generator, [encoder], "not this model's generator: layer batch_normalization holds gamma"),
        (generator, [encoder, decoder], "wants one file each of generator; received 2 files"),
        (autovc, [encoder, decoder], "wants one file each of encoder, decoder, postnet; received 2 files"),
        (autovc, [encoder, decoder, encoder], "received 2 files"),
        (autovc, [encoder, postnet, hollow("melgan_generator")], "melgan_generator.h5: not this model's"),
    ):
        with pytest.raises(TfvcError, match=words) as refusal:
            load_keras2_files(model, paths)
        assert "\n" not in str(refusal.value)
    shutil.copy(encoder, tmp_path / "again.h5")
    with pytest.raises(TfvcError, match=r"again\.h5: a second encoder beside .*encoder\.h5"):
        load_keras2_files(autovc, [encoder, decoder, tmp_path / "again.h5"])


@pytest.mark.parametrize("part", [0.001, 0.2, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut(generator, hollow, tmp_path, part):
    whole = (hollow("melgan_generator")).read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(TfvcError, match=r"cut\.h5: truncated, damaged or not an h5 file") as refusal:
        load_keras2_files(generator, [tmp_path / "cut.h5"])
    assert "\n" not in str(refusal.value)


def test_the_command_refuses_what_it_cannot_take(hollow, tmp_path):
    generator = [hollow("melgan_generator")]
    for arguments, words in (
        (("hifigan", generator), "hifigan: no such model has Keras 2 files; choose one of autovc, melgan"),
        (("melgan", generator), "melgan: no such model has Keras 2 files; choose one of autovc, melgan_keras_io"),
        (("melgan_keras_io", generator, "v1"), "no preset 'v1'; choose one of keras_io"),
        (("melgan_keras_io", generator, None, ["channels=256"]), r"kernel of conv1d has shape .*\(--preset, --set\)"),
        (("melgan_keras_io", generator, None, ["chanels=256"]), "chanels=256: expected KEY=VALUE"),
        (("melgan_keras_io", generator, None, None, "ge2e_16k"), "n_mels is 80, its mel spec's 40"),
    ):
        model, files, *options = arguments
        with pytest.raises(TfvcError, match=words):
            import_h5(model, files, tmp_path / "preset", *options)
    assert not list(tmp_path.iterdir())
