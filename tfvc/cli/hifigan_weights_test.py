"""import-torch and export-torch of HiFi-GAN, from upstream's files and into them."""

import dataclasses
import json

import pytest

from tfvc.cli.conftest import refused
from tfvc.cli.export_torch import export_torch
from tfvc.cli.import_torch import import_torch
from tfvc.cli.melgan_weights_test import same
from tfvc.common.errors import TfvcError
from tfvc.models.hifigan import HiFiGANConfig, HiFiGANDiscriminator, HiFiGANDiscriminatorConfig
from tfvc.models.hifigan.generator_test import UPSTREAM

torch = pytest.importorskip("torch")

SMALL = {"periods": (2, 3), "period_widths": (4, 6), "scales": 2, "scale_widths": (8, 16, 32, 16, 16, 16, 8)}


def moved(module):
    """The module with every tensor away from its initial value."""
    with torch.no_grad():
        for tensor in module.state_dict().values():
            tensor.mul_(torch.rand_like(tensor) + 0.5)
    return module


@pytest.fixture
def upstream(tmp_path):
    """What upstream's training leaves, its sizes small: config.json, g_00000007 and do_00000007; and the modules."""
    from torch_ref import hifigan

    torch.manual_seed(3)
    config = UPSTREAM | {"upsample_initial_channel": 16, "sampling_rate": 24000}
    (tmp_path / "config.json").write_text(json.dumps(config))
    sizes = dataclasses.replace(HiFiGANConfig.from_name("v2"), upsample_initial_channel=16).to_dict()
    modules = {
        "generator": moved(hifigan.Generator(**sizes)),
        "mpd": moved(hifigan.MultiPeriodDiscriminator(SMALL["periods"], SMALL["period_widths"])),
        "msd": moved(hifigan.MultiScaleDiscriminator(SMALL["scales"], SMALL["scale_widths"])),
    }
    states = {name: module.state_dict() for name, module in modules.items()}
    adam = torch.optim.AdamW(modules["mpd"].parameters()).state_dict()
    torch.save({"generator": states["generator"]}, tmp_path / "g_00000007")
    judges = {"mpd": states["mpd"], "msd": states["msd"]}
    torch.save({**judges, "optim_g": adam, "optim_d": adam, "steps": 7, "epoch": 1}, tmp_path / "do_00000007")
    return tmp_path, modules


def test_what_upstream_trained_comes_in_and_goes_out_bit_for_bit(upstream, monkeypatch, capfd):
    folder, modules = upstream
    config = folder / "config.json"
    # Upstream's discriminators have one size; here they are small ones.
    monkeypatch.setattr(HiFiGANDiscriminatorConfig, "__init__", _small_by_default(HiFiGANDiscriminatorConfig.__init__))
    import_torch("hifigan", folder / "g_00000007", folder / "run/preset", config=config)
    assert "left out" not in capfd.readouterr().out
    import_torch("hifigan_discriminator", folder / "do_00000007", folder / "run/discriminator", config=config)
    told = capfd.readouterr().out
    assert "left out: optim_g, optim_d, steps, epoch; training from here begins with fresh optimizers\n" in told
    judge = HiFiGANDiscriminator.from_preset(folder / "run/discriminator")
    assert judge.mel_spec.sample_rate == 24000

    export_torch(folder / "run/preset", folder / "g.pt")
    export_torch(folder / "run/discriminator", folder / "do.pt")
    back = torch.load(folder / "g.pt", weights_only=True) | torch.load(folder / "do.pt", weights_only=True)
    assert list(back) == ["generator", "mpd", "msd"]
    for name, module in modules.items():
        assert same(back[name], module.state_dict())


def _small_by_default(original):
    return lambda self, **sizes: original(self, **{**SMALL, **sizes})


def test_what_does_not_fit_is_named(upstream, tmp_path):
    folder, modules = upstream
    incomplete = {key: value for key, value in modules["msd"].state_dict().items() if not key.endswith("0.weight_u")}
    torch.save({"mpd": modules["mpd"].state_dict(), "msd": incomplete}, folder / "incomplete.pt")
    config = folder / "config.json"
    for model, name, options, words in (
        ("hifigan", "do_00000007", {"config": config}, "no state dict in it; its keys are mpd, msd, optim_g"),
        ("hifigan_discriminator", "g_00000007", {"config": config}, "no network 'mpd' in it; its keys are generator"),
        ("hifigan_discriminator", "do_00000007", {}, r"no tensor 'mpd\.discriminators\.0\.convs\.2"),
        ("hifigan", "g_00000007", {"preset": "v2", "config": config}, "give one of them"),
        ("melgan", "g_00000007", {"config": config}, "melgan has no configuration file upstream"),
    ):
        with pytest.raises(TfvcError, match=words):
            import_torch(model, folder / name, tmp_path / "preset", **options)
    assert not (tmp_path / "preset").exists()


def test_upsampling_that_does_not_make_the_hop_is_refused_with_what_to_change(tfvc, upstream):
    folder, _ = upstream
    config, preset = folder / "config.json", folder / "preset"
    config.write_text(json.dumps(UPSTREAM | {"upsample_rates": [8, 8, 4, 2]}))
    done = tfvc("import-torch", "hifigan", folder / "g_00000007", "--config", config, "--out", preset)
    words = "upsample_rates (8, 8, 4, 2) make 512 samples of a frame, hop_size is 256; change one so that the product"
    assert refused(done, "config.json", words)
    config.write_text(json.dumps(UPSTREAM | {"upsample_kernel_sizes": [16, 15, 4, 4]}))
    with pytest.raises(TfvcError, match=r"config\.json: upsample_kernel_sizes: .* a kernel of 15: .* take 16"):
        import_torch("hifigan", folder / "g_00000007", preset, config=config)
    assert not preset.exists()
