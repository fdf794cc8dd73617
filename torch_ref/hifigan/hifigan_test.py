import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from torch_ref import hifigan
from torch_ref.melgan import Maps, remove_weight_norm
from torch_ref.train_hifigan import train

GENERATOR = {
    "upsample_rates": (2, 2),
    "upsample_kernel_sizes": (4, 4),
    "upsample_initial_channel": 8,
    "resblock_kernel_sizes": (3, 5),
}
NORMED = ("bias", "weight_g", "weight_v")
SPECTRAL = ("bias", "weight_orig", "weight_u", "weight_v")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks this small only wait for a second thread, for minutes where other processes hold the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def small_generator(resblock: str = "2", n_mels: int = 5) -> hifigan.Generator:
    """Hop 4, and two residual blocks a stage."""
    return hifigan.Generator(**GENERATOR, resblock=resblock, resblock_dilation_sizes=((1, 3), (1, 2)), n_mels=n_mels)


def small(seed: int = 0) -> hifigan.HiFiGAN:
    """A HiFi-GAN of 5 mel channels and hop 4; its loss mel is the log of the mean magnitude of every 4 samples."""
    torch.manual_seed(seed)
    mpd = hifigan.MultiPeriodDiscriminator(periods=(2, 3), widths=(4, 6))
    msd = hifigan.MultiScaleDiscriminator(scales=2, widths=(4, 16, 16, 16, 16, 16, 4))
    return hifigan.HiFiGAN(small_generator(), mpd, msd, small_mel)


def small_mel(wave: torch.Tensor) -> torch.Tensor:
    return torch.log(nn.functional.avg_pool1d(wave.abs(), 4) + 0.1)


def batch(frames: int = 16, samples: int = 64, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    return torch.randn(2, 5, frames), torch.rand(2, 1, samples) - 0.5


def keep_constants(module: nn.Module) -> nn.Module:
    """Equal weights and no bias, such that every convolution repeats a constant signal away from the edges."""
    for layer in remove_weight_norm(module).modules():
        if hasattr(layer, "weight_orig"):
            nn.utils.remove_spectral_norm(layer)
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d):
            taps = math.prod(layer.kernel_size) * layer.in_channels // layer.groups
            rate = layer.stride[0] if isinstance(layer, nn.ConvTranspose1d) else 1
            nn.init.constant_(layer.weight, rate / taps)
            nn.init.zeros_(layer.bias)
    return module


def maps_of(*groups: tuple[float, ...]) -> Maps:
    """One number a map; the last of a group is its score."""
    return [[torch.tensor([[[float(value)]]]) for value in group] for group in groups]


@pytest.mark.parametrize(
    ("name", "normed", "fused"),
    [("v1", 13_936_130, 13_926_017), ("v2", 928_514, 925_985), ("v3", 1_464_322, 1_462_273)],
)
def test_parameter_counts_of_the_generators(name, normed, fused):
    with torch.device("meta"):
        generator = hifigan.Generator(**hifigan.CONFIGS[name])
        assert parameters(generator) == normed
        assert parameters(remove_weight_norm(generator)) == fused
    assert generator.hop == 256


def test_parameter_counts_of_the_discriminators():
    with torch.device("meta"):
        mpd, msd = hifigan.MultiPeriodDiscriminator(), hifigan.MultiScaleDiscriminator()
    assert parameters(mpd) == 41_105_770
    assert parameters(msd) == 29_618_821
    assert sum(b.numel() for b in msd.buffers()) == 18_536


@pytest.mark.parametrize("resblock", ["1", "2"])
def test_fusing_weight_norm_keeps_the_function(resblock):
    torch.manual_seed(0)
    generator = small_generator(resblock)
    # Initially weight_g is the norm of weight_v, and leaving it out of the product would go unnoticed.
    nn.init.constant_(generator.conv_pre.weight_g, 0.7)
    mel = torch.randn(1, 5, 6)
    before = generator(mel)
    assert not any(key.endswith("weight_g") for key in remove_weight_norm(generator).state_dict())
    torch.testing.assert_close(generator(mel), before)


@pytest.mark.parametrize(("name", "lists"), [("v1", ("convs1", "convs2")), ("v3", ("convs",))])
def test_keys_of_the_generators(name, lists):
    config = hifigan.CONFIGS[name]
    with torch.device("meta"):
        keys = list(hifigan.Generator(**config).state_dict())
    stages, dilations = len(config["upsample_rates"]), len(config["resblock_dilation_sizes"][0])
    layers = ["conv_pre", *[f"ups.{i}" for i in range(stages)]]
    layers += [f"resblocks.{i}.{convs}.{j}" for i in range(3 * stages) for convs in lists for j in range(dilations)]
    assert keys == [f"{layer}.{part}" for layer in [*layers, "conv_post"] for part in NORMED]


def test_keys_of_the_discriminators():
    with torch.device("meta"):
        mpd, msd = hifigan.MultiPeriodDiscriminator(), hifigan.MultiScaleDiscriminator()
    layers = [*[f"convs.{i}" for i in range(5)], "conv_post"]
    assert list(mpd.state_dict()) == [f"discriminators.{i}.{a}.{b}" for i in range(5) for a in layers for b in NORMED]
    layers = [*[f"convs.{i}" for i in range(7)], "conv_post"]
    norms = (SPECTRAL, NORMED, NORMED)
    assert list(msd.state_dict()) == [
        f"discriminators.{i}.{layer}.{part}" for i, norm in enumerate(norms) for layer in layers for part in norm
    ]
    assert {key.split(".")[0] for key in small().state_dict()} == {"generator", "mpd", "msd"}


@pytest.mark.parametrize("length", [8192, 8191, 8193])
def test_map_shapes_of_the_periods(length):
    with torch.device("meta"):
        maps = hifigan.MultiPeriodDiscriminator()(torch.zeros(2, 1, length))
    for period, group in zip((2, 3, 5, 7, 11), maps, strict=True):
        rows = [math.ceil(length / period / 3**i) for i in range(1, 5)]
        rows += [rows[-1], rows[-1]]
        widths = (32, 128, 512, 1024, 1024, 1)
        assert [tuple(m.shape) for m in group] == [(2, w, r, period) for w, r in zip(widths, rows, strict=True)]


@pytest.mark.parametrize(
    ("length", "steps"),
    [
        (8192, [(8192, 4096, 2048, 512, 128), (4097, 2049, 1025, 257, 65), (2049, 1025, 513, 129, 33)]),
        (8191, [(8191, 4096, 2048, 512, 128), (4096, 2048, 1024, 256, 64), (2049, 1025, 513, 129, 33)]),
    ],
)
def test_map_shapes_of_the_scales(length, steps):
    with torch.device("meta"):
        maps = hifigan.MultiScaleDiscriminator()(torch.zeros(2, 1, length))
    widths = (128, 128, 256, 512, 1024, 1024, 1024, 1)
    for group, expected in zip(maps, steps, strict=True):
        expected = [*expected, *expected[-1:] * 3]
        assert [tuple(m.shape) for m in group] == [(2, w, t) for w, t in zip(widths, expected, strict=True)]


def test_generated_length_is_frames_times_hop():
    config = {**GENERATOR, "upsample_rates": (3, 2), "upsample_kernel_sizes": (5, 6)}
    generator = hifigan.Generator(**config, resblock="1", resblock_dilation_sizes=((1,), (2,)), n_mels=5)
    assert generator.hop == 6
    assert generator(torch.randn(2, 5, 7)).shape == (2, 1, 42)


@pytest.mark.parametrize(("resblock", "gain"), [("1", 1 + 0.1**2), ("2", 1 + 0.1)])
def test_the_order_of_activations_in_the_generator(resblock, gain):
    """A constant of -1 shows them: each leaky ReLU on the way multiplies by its slope, the last one by 0.01."""
    wave = keep_constants(small_generator(resblock))(torch.full((1, 5, 80), -1.0))
    assert wave[0, 0, 160].item() == pytest.approx(math.tanh(-(0.1**2) * gain**4 * 0.01), rel=1e-4)


def test_a_stage_is_the_mean_of_its_blocks():
    torch.manual_seed(0)
    generator, mel = small_generator(), torch.randn(1, 5, 6)
    x = generator.conv_pre(mel)
    for upsample, (first, second) in zip(
        generator.ups, (generator.resblocks[:2], generator.resblocks[2:]), strict=True
    ):
        x = upsample(nn.functional.leaky_relu(x, 0.1))
        x = (first(x) + second(x)) / 2
    expected = torch.tanh(generator.conv_post(nn.functional.leaky_relu(x, 0.01)))
    torch.testing.assert_close(generator(mel), expected)


def test_the_reach_of_the_dilations():
    torch.manual_seed(0)
    for block, reach in (hifigan.ResBlock1(4, 3, (1, 3, 5)), 9 + 3), (hifigan.ResBlock2(4, 5, (2, 6)), 16):
        x = torch.randn(1, 4, 61, requires_grad=True)
        block(x)[0, :, 30].sum().backward()
        reached = torch.nonzero(x.grad[0].abs().sum(0)).flatten().tolist()
        assert (reached[0], reached[-1]) == (30 - reach, 30 + reach)


def test_the_discriminators_on_a_constant_wave():
    wave = torch.full((1, 1, 16384), -1.0)
    for group in keep_constants(hifigan.MultiPeriodDiscriminator(widths=(4,) * 5))(wave):
        middle = [m[0, 0, m.shape[2] // 2, 0].item() for m in group]
        assert middle == pytest.approx([-(0.1**i) for i in (1, 2, 3, 4, 5, 5)], rel=1e-4)
    for group in keep_constants(hifigan.MultiScaleDiscriminator(widths=(16,) * 7))(wave):
        middle = [m[0, 0, m.shape[-1] // 2].item() for m in group]
        assert middle == pytest.approx([-(0.1**i) for i in (1, 2, 3, 4, 5, 6, 7, 7)], rel=1e-4)


def test_a_period_sees_its_columns_apart_and_reflects_the_end():
    torch.manual_seed(0)
    discriminator = hifigan.PeriodDiscriminator(5, widths=(4, 4))
    wave = torch.randn(1, 1, 58)
    padded = torch.cat([wave, wave[..., [56, 55]]], -1)
    torch.testing.assert_close(discriminator(wave), discriminator(padded))
    padded.requires_grad_()
    discriminator(padded)[-1][..., 3].sum().backward()
    assert padded.grad.reshape(12, 5).any(0).tolist() == [False, False, False, True, False]


def test_the_pooling_counts_its_padding():
    pooled = hifigan.MultiScaleDiscriminator(widths=(16,) * 7).meanpools[0](torch.ones(1, 1, 8))
    assert pooled.flatten().tolist() == [0.5, 1, 1, 1, 0.5]


def test_spectral_norm_moves_with_every_pass_in_training():
    discriminator, wave = small().msd, batch()[1]
    layer = discriminator.discriminators[0].convs[0]
    for _ in range(2):
        u, matrix = layer.weight_u.clone(), layer.weight_orig.detach().flatten(1)
        v = nn.functional.normalize(matrix.T @ u, dim=0)
        with torch.no_grad():
            discriminator(wave)
        torch.testing.assert_close(layer.weight_v, v)
        torch.testing.assert_close(layer.weight_u, nn.functional.normalize(matrix @ v, dim=0))
        torch.testing.assert_close(layer.weight.flatten(1), matrix / (layer.weight_u @ matrix @ v))
    before = {key: value.clone() for key, value in discriminator.state_dict().items()}
    discriminator.eval()(wave)
    torch.testing.assert_close(discriminator.state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize("fmax", [None, 8000.0])
def test_the_loss_mel_by_hand(fmax):
    import librosa

    torch.manual_seed(0)
    wave = torch.rand(2, 1, 3000, dtype=torch.float64) - 0.5
    mel = hifigan.mel_spectrogram(wave, fmax=fmax)
    assert mel.shape == (2, 80, 3000 // 256)
    padded = np.pad(wave[1, 0].numpy(), 384, mode="reflect")
    matrix = librosa.filters.mel(sr=22050, n_fft=1024, n_mels=80, fmin=0, fmax=fmax or 11025)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
    for frame in (0, 5, 10):
        spectrum = np.fft.rfft(padded[256 * frame : 256 * frame + 1024] * window)
        expected = np.log(np.maximum(matrix @ np.sqrt(np.abs(spectrum) ** 2 + 1e-9), 1e-5))
        np.testing.assert_allclose(mel[1, :, frame], expected, rtol=1e-6, atol=1e-6)


def test_silence_has_a_finite_mel_and_gradient():
    wave = torch.zeros(1, 1, 1024, requires_grad=True)
    mel = hifigan.mel_spectrogram(wave)
    mel.sum().backward()
    # The root of 1e-9, spread by Slaney's filters, is below the floor of 1e-5.
    torch.testing.assert_close(mel, torch.full_like(mel, math.log(1e-5)))
    assert wave.grad.isfinite().all()


def test_losses_by_hand():
    fake, real = maps_of((1, 2, 3, 4, 5, 0.5), (0,) * 7 + (-3,)), maps_of((0,) * 5 + (0.25,), (0,) * 7 + (2,))
    expected = 0.75**2 + 0.5**2 + 1 + 3**2
    assert hifigan.discriminator_loss(fake, real).item() == pytest.approx(expected)
    assert hifigan.adversarial_loss(fake).item() == pytest.approx(0.5**2 + 4**2)
    assert hifigan.feature_loss(fake, real).item() == pytest.approx(2 * (15 + 0.25 + 5))


def test_losses_are_means_within_a_map_and_sums_over_maps():
    fake = [[torch.tensor([[[[0.0, 2.0]]]]), torch.tensor([[[[1.0, 3.0]]]])]]
    real = [[torch.tensor([[[[1.0, 1.0]]]]), torch.tensor([[[[1.0, 0.0]]]])]]
    assert hifigan.discriminator_loss(fake, real).item() == pytest.approx(0.5 + 5)
    assert hifigan.adversarial_loss(fake).item() == pytest.approx(2)
    assert hifigan.feature_loss(fake, real).item() == pytest.approx(2 * (1 + 1.5))


def test_the_losses_of_the_model():
    model, (mel, wave) = small().eval(), batch()
    generated = model.generator(mel)
    fake, real = model.discriminate(generated), model.discriminate(wave)
    assert [len(group) for group in fake] == [3, 3, 8, 8]
    losses = {**model.discriminator_losses(mel, wave), **model.generator_losses(mel, wave)}
    torch.testing.assert_close(losses["discriminator"], hifigan.discriminator_loss(fake, real))
    torch.testing.assert_close(losses["adversarial"], hifigan.adversarial_loss(fake))
    torch.testing.assert_close(losses["feature"], hifigan.feature_loss(fake, real))
    torch.testing.assert_close(losses["mel"], (small_mel(generated) - small_mel(wave)).abs().mean())
    torch.testing.assert_close(losses["generator"], losses["adversarial"] + losses["feature"] + 45 * losses["mel"])


def test_what_is_detached():
    model, (mel, wave) = small(), batch()
    model.discriminator_losses(mel, wave)["discriminator"].backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None for part in (model.mpd, model.msd) for p in part.parameters())
    wave.requires_grad_()
    model.generator_losses(mel, wave)["generator"].backward()
    assert wave.grad is None
    assert all(p.grad is not None for p in model.generator.parameters())
    attached = maps_of((1, 2))
    real = [[m.requires_grad_() for m in group] for group in maps_of((3, 5))]
    assert not hifigan.feature_loss(attached, real).requires_grad


@pytest.mark.parametrize(("samples", "common"), [(61, 61), (64, 64), (67, 64)])
def test_both_waves_are_cut_to_the_shorter(samples, common):
    model, (mel, wave) = small().eval(), batch(samples=samples)
    fake, real = model.generator(mel)[..., :common], wave[..., :common]
    losses = {**model.discriminator_losses(mel, wave), **model.generator_losses(mel, wave)}
    fake_maps, real_maps = model.discriminate(fake), model.discriminate(real)
    torch.testing.assert_close(losses["discriminator"], hifigan.discriminator_loss(fake_maps, real_maps))
    torch.testing.assert_close(losses["feature"], hifigan.feature_loss(fake_maps, real_maps))
    torch.testing.assert_close(losses["mel"], (small_mel(fake) - small_mel(real)).abs().mean())


def test_training_steps_against_the_same_by_hand():
    """Large steps, so that every change of the order shows, and AdamW is written out.

    Upstream runs each discriminator on the real wave and then on the fake one, twice a batch, all in training mode.
    """
    batches = [batch(seed=seed) for seed in (1, 2)]
    trained, model = small(), small()
    history = train(trained, batches, epochs=2, learning_rate=1e-2, decay=0.5)

    parts = {"d": [*model.mpd.parameters(), *model.msd.parameters()], "g": list(model.generator.parameters())}
    moments = {side: [(torch.zeros_like(p), torch.zeros_like(p)) for p in parts[side]] for side in parts}

    def step(side: str, loss: torch.Tensor, t: int, rate: float) -> None:
        gradients = torch.autograd.grad(loss, parts[side])
        with torch.no_grad():
            for p, (m, v), gradient in zip(parts[side], moments[side], gradients, strict=True):
                m.mul_(0.8).add_(0.2 * gradient)
                v.mul_(0.99).add_(0.01 * gradient**2)
                p.mul_(1 - rate * 0.01)
                p.sub_(rate * (m / (1 - 0.8**t)) / ((v / (1 - 0.99**t)).sqrt() + 1e-8))

    def judge(real: torch.Tensor, fake: torch.Tensor) -> list[tuple[list[torch.Tensor], list[torch.Tensor]]]:
        pairs = [(d(real), d(fake)) for d in model.mpd.discriminators]
        pairs.append((model.msd.discriminators[0](real), model.msd.discriminators[0](fake)))
        real, fake = model.msd.meanpools[0](real), model.msd.meanpools[0](fake)
        return [*pairs, (model.msd.discriminators[1](real), model.msd.discriminators[1](fake))]

    for t, (mel, wave) in enumerate(batches * 2, 1):
        rate = 1e-2 if t <= 2 else 5e-3
        fake = model.generator(mel)
        loss_d = sum(((1 - r[-1]) ** 2).mean() + (f[-1] ** 2).mean() for r, f in judge(wave, fake.detach()))
        step("d", loss_d, t, rate)
        pairs = judge(wave, fake)
        adversarial = sum(((1 - f[-1]) ** 2).mean() for _, f in pairs)
        feature = 2 * sum((a - b).abs().mean() for r, f in pairs for a, b in zip(r, f, strict=True))
        distance = (small_mel(fake) - small_mel(wave)).abs().mean()
        loss_g = adversarial + feature + 45 * distance
        step("g", loss_g, t, rate)
        by_hand = {
            "discriminator": loss_d,
            "generator": loss_g,
            "adversarial": adversarial,
            "feature": feature,
            "mel": distance,
        }
        expected = {name: value.item() for name, value in by_hand.items()}
        assert history[t - 1] == pytest.approx(expected, rel=1e-4)
    torch.testing.assert_close(trained.state_dict(), model.state_dict(), rtol=1e-3, atol=1e-4)


def test_training_lowers_the_mel_loss():
    history = train(small(), [batch()], epochs=40, learning_rate=1e-2)
    assert history[-1]["mel"] < 0.8 * history[0]["mel"]
    assert all(math.isfinite(value) for losses in history for value in losses.values())


@pytest.mark.real_data
def test_the_published_v3_generator_rebuilds_speech(real_data):
    """Two seconds of a recording, through its mel and back."""
    import soundfile

    folder = real_data / "hifigan_v3"
    config = json.loads((folder / "config.json").read_text())
    named = {key: config[key] for key in hifigan.CONFIGS["v3"]}
    assert named == json.loads(json.dumps(hifigan.CONFIGS["v3"]))
    generator = hifigan.Generator(**named, n_mels=config["num_mels"])
    state = torch.load(folder / "generator_v3.pt", map_location="cpu", weights_only=True)["generator"]
    generator.load_state_dict(state, strict=True)
    assert parameters(remove_weight_norm(generator)) == 1_462_273

    path = sorted((real_data / "ljspeech16").rglob("*.wav"))[0]
    samples, rate = soundfile.read(path, dtype="float32", frames=2 * 22050)
    assert rate == config["sampling_rate"]
    wave = torch.from_numpy(samples)[None, None]
    mel = hifigan.mel_spectrogram(wave, fmax=config["fmax"])
    with torch.no_grad():
        rebuilt = hifigan.mel_spectrogram(generator(mel), fmax=config["fmax"])
    assert (rebuilt - mel).abs().mean() < 0.5
