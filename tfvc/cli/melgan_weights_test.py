"""import-torch and export-torch of MelGAN, on the references' keys at full size."""

import numpy as np
import pytest

from tfvc.cli.conftest import refused
from tfvc.cli.export_torch import export_torch
from tfvc.cli.import_torch import import_torch
from tfvc.common.errors import TfvcError
from tfvc.models.family import find_network
from tfvc.models.melgan import MelGANGenerator
from tfvc.weights import read_torch_file, state_dict, write_torch_file

torch = pytest.importorskip("torch")


def reference(model):
    """The torch module, every weight away from its initial value."""
    from torch_ref import melgan, melgan_keras_io

    upstream = melgan_keras_io if "keras_io" in model else melgan
    torch.manual_seed(4)
    module = upstream.Discriminator() if "discriminator" in model else upstream.Generator()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.mul_(torch.rand_like(parameter) + 0.5)
    return module


def newer(module):
    """The same module under `torch.nn.utils.parametrizations.weight_norm`."""
    for part in module.modules():
        if hasattr(part, "weight_g"):
            torch.nn.utils.remove_weight_norm(part)
            torch.nn.utils.parametrizations.weight_norm(part)
    return module


def same(one, other):
    """Bit for bit, in the same order."""
    assert list(one) == list(other)
    for key, value in one.items():
        assert value.dtype == other[key].dtype
        assert value.numpy().tobytes() == other[key].numpy().tobytes(), key
    return True


def spelled_newer(state):
    """A state dict with the names that torch's newer weight normalisation gives."""
    names = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    parts = {key: key.rpartition(".") for key in state}
    return {f"{path}.{names.get(name, name)}": state[key] for key, (path, _, name) in parts.items()}


@pytest.mark.parametrize(
    "model", ["melgan", "melgan_discriminator", "melgan_keras_io", "melgan_keras_io_discriminator"]
)
def test_a_checkpoint_comes_back_bit_for_bit_from_both_spellings(tmp_path, model):
    state = {key: value.clone() for key, value in reference(model).state_dict().items()}
    spellings = {"older": state, "newer": spelled_newer(state)}
    for name, content in spellings.items():
        torch.save(content, tmp_path / f"{name}.pt")
        import_torch(model, tmp_path / f"{name}.pt", tmp_path / name)
        export_torch(tmp_path / name, tmp_path / f"{name}_back.pt")
        back = torch.load(tmp_path / f"{name}_back.pt", weights_only=True)
        assert same(back, state)
    # torch's newer weight normalisation reads what we write.
    successor = newer(reference(model))
    for parameter in successor.parameters():
        torch.nn.init.zeros_(parameter)
    successor.load_state_dict(back)
    loaded = successor.state_dict()
    assert loaded.keys() == spellings["newer"].keys()
    assert same({key: loaded[key] for key in spellings["newer"]}, spellings["newer"])


def test_the_commands_take_wrapped_files(tfvc, tmp_path):
    state = reference("melgan").state_dict()
    wrapped = {"generator": {f"module.{key}": value for key, value in spelled_newer(state).items()}, "steps": 3}
    torch.save(wrapped, tmp_path / "g.pt")
    done = tfvc("import-torch", "melgan", tmp_path / "g.pt", "--out", tmp_path / "preset")
    assert (done.returncode, done.stderr) == (0, "")
    done = tfvc("export-torch", tmp_path / "preset", "--out", tmp_path / "back.pt")
    assert (done.returncode, done.stderr) == (0, "")
    assert same(torch.load(tmp_path / "back.pt", weights_only=True), state)
    told = dict(line.split(maxsplit=1) for line in tfvc("info", tmp_path / "preset").stdout.splitlines())
    assert told["model"] == "melgan"
    assert told["parameters"].endswith("trainable, 0 non-trainable")
    assert told["config.upsample_rates"] == "(8, 8, 2, 2)"
    assert told["fused"] == "False"
    assert told["mel"] == "melgan_22k"


@pytest.mark.parametrize("model", ["melgan", "melgan_keras_io"])
def test_a_fused_generator_comes_in_fused_and_speaks_the_same(tmp_path, model):
    from torch_ref.melgan import remove_weight_norm

    module = remove_weight_norm(reference(model).eval())
    torch.save(module.state_dict(), tmp_path / "fused.pt")
    import_torch(model, tmp_path / "fused.pt", tmp_path / "preset")
    generator = find_network(model).model_class.from_preset(tmp_path / "preset")
    assert generator.fused
    mel = np.random.default_rng(0).normal(size=(1, 9, 80)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(mel).transpose(1, 2)).numpy()[0, 0]
    # Whether it is the same network is the question here, not its rounding, which `parity` measures.
    np.testing.assert_allclose(generator(mel).numpy()[0, :, 0], expected, rtol=0, atol=1e-4 * expected.std())
    export_torch(tmp_path / "preset", tmp_path / "back.pt")
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert back.keys() == module.state_dict().keys()
    assert same({key: back[key] for key in module.state_dict()}, module.state_dict())


def test_what_does_not_fit_is_named_and_nothing_is_written(tfvc, tmp_path):
    state = reference("melgan").state_dict()
    key = "model.3.weight_v"
    torch.save({k: v for k, v in state.items() if k != key}, tmp_path / "missing.pt")
    torch.save({**state, "more.weight": torch.ones(2)}, tmp_path / "extra.pt")
    torch.save({**state, key: state[key].transpose(0, 1).contiguous()}, tmp_path / "shape.pt")
    torch.save(state, tmp_path / "whole.pt")
    files = sorted(tmp_path.iterdir())
    for name, options, words in (
        ("missing", {}, rf"missing\.pt: no tensor '{key}'"),
        ("extra", {}, r"extra\.pt: tensor 'more\.weight'"),
        ("shape", {}, rf"{key} has shape \(256, 512, 16\).* wants \(512, 256, 16\)"),
        ("whole", {"model": "melgan_keras_io"}, r"'conv_pre\.weight'.*model\.1\.bias"),
        ("whole", {"preset": "v1"}, "descript, small"),
        ("whole", {"model": "melgan_discriminator"}, r"model\.disc_0.*model\.1\.bias"),
        ("whole", {"mel": "ge2e_16k"}, "n_mels is 80, its mel spec's 40"),
    ):
        with pytest.raises(TfvcError, match=words) as refusal:
            import_torch(**{"model": "melgan", "file": tmp_path / f"{name}.pt", "out": tmp_path / "preset"} | options)
        assert "\n" not in str(refusal.value)
    done = tfvc("import-torch", "melgan", tmp_path / "whole.pt", "--out", tmp_path / "preset", "--preset", "small")
    assert refused(done, "whole.pt: model.1.bias", "(512,)", "(256,)", "fits another architecture: --preset descript")
    assert sorted(tmp_path.iterdir()) == files


def test_safetensors_of_our_own(tmp_path):
    state = state_dict(MelGANGenerator.from_name("small"))
    write_torch_file(tmp_path / "a.safetensors", state)
    import_torch("melgan", tmp_path / "a.safetensors", tmp_path / "preset", "small")
    export_torch(tmp_path / "preset", tmp_path / "b.safetensors")
    back = read_torch_file(tmp_path / "b.safetensors")
    assert back.keys() == state.keys()
    assert all(back[key].tobytes() == value.tobytes() for key, value in state.items())
