import math

import pytest
import torch

from torch_ref import melgan, melgan_keras_io
from torch_ref.train_melgan import KERAS_IO, set_gradients, train

SHAPES = {"descript": melgan, "keras_io": melgan_keras_io}
SLOPES = {"descript": 0.2, "keras_io": 0.3}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Networks this small only wait for a second thread, for minutes where other processes hold the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def small(shape: str, seed: int = 0) -> melgan.MelGAN:
    """A MelGAN of 5 mel channels and hop 4."""
    torch.manual_seed(seed)
    module = SHAPES[shape]
    generator = module.Generator(n_mels=5, channels=8, upsample_rates=(2, 2))
    return module.MelGAN(generator, module.Discriminator(scales=2, channels=4, max_channels=16))


def batch(frames: int = 16, samples: int = 64, seed: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    return torch.randn(2, 5, frames), torch.rand(2, 1, samples) - 0.5


def keep_constants(module: torch.nn.Module) -> torch.nn.Module:
    """Equal weights and no bias, such that every convolution repeats a constant signal away from the edges."""
    for layer in melgan.remove_weight_norm(module).modules():
        if isinstance(layer, torch.nn.Conv1d | torch.nn.ConvTranspose1d):
            transposed = isinstance(layer, torch.nn.ConvTranspose1d)
            taps = layer.kernel_size[0] * layer.in_channels // layer.groups
            torch.nn.init.constant_(layer.weight, (layer.stride[0] if transposed else 1) / taps)
            torch.nn.init.zeros_(layer.bias)
    return module


def maps_of(*scales: tuple[float, ...]) -> melgan.Maps:
    """One number a map; the last of a scale is its score."""
    return [[torch.tensor([[[float(value)]]]) for value in scale] for scale in scales]


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (melgan.Generator, 4_266_050),
        (melgan.Discriminator, 16_924_086),
        (melgan_keras_io.Generator, 4_646_658),
        (melgan_keras_io.Discriminator, 16_924_086),
    ],
)
def test_parameter_counts(network, count):
    with torch.device("meta"):
        assert parameters(network()) == count


def test_fusing_weight_norm_keeps_the_function():
    torch.manual_seed(0)
    generator = melgan.Generator()
    # Initially weight_g is the norm of weight_v, and leaving it out of the product would go unnoticed.
    torch.nn.init.constant_(generator.model[1].weight_g, 0.7)
    mel = torch.randn(1, 80, 5)
    before = generator(mel)
    assert parameters(melgan.remove_weight_norm(generator)) == 4_260_257
    torch.testing.assert_close(generator(mel), before)


def test_keys_of_upstream():
    with torch.device("meta"):
        generator, discriminator = list(melgan.Generator().state_dict()), list(melgan.Discriminator().state_dict())
        both = list(melgan.MelGAN(melgan.Generator(), melgan.Discriminator()).state_dict())
    assert generator[:9] == [
        f"model.{layer}.{name}" for layer in ("1", "3", "4.block.2") for name in ("bias", "weight_g", "weight_v")
    ]
    assert generator[9] == "model.4.block.4.bias"
    assert generator[12] == "model.4.shortcut.bias"
    assert generator[-4:] == [
        "model.21.shortcut.weight_v",
        *[f"model.24.{n}" for n in ("bias", "weight_g", "weight_v")],
    ]
    layers = ["layer_0.1", *[f"layer_{i}.0" for i in range(1, 6)], "layer_6"]
    assert discriminator == [
        f"model.disc_{scale}.model.{layer}.{name}"
        for scale in range(3)
        for layer in layers
        for name in ("bias", "weight_g", "weight_v")
    ]
    assert both == [f"generator.{key}" for key in generator] + [f"discriminator.{key}" for key in discriminator]


@pytest.mark.parametrize("upsampled", [False, True])
def test_the_newer_weight_norm_reads_these_keys(upsampled):
    """Its own keys end in `original0` for weight_g and `original1` for weight_v."""
    kind = torch.nn.ConvTranspose1d if upsampled else torch.nn.Conv1d
    old, new = melgan.weight_norm(kind(4, 6, 3)), torch.nn.utils.parametrizations.weight_norm(kind(4, 6, 3))
    new.load_state_dict(old.state_dict())
    state = new.state_dict()
    assert list(state) == ["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"]
    assert torch.equal(state["parametrizations.weight.original0"], old.weight_g)
    assert torch.equal(new.weight, old.weight)


def test_drawing_the_normed_weight_has_no_effect():
    """Why upstream's N(0, 0.02) is left out."""
    layer, x = melgan.conv(2, 3, 3), torch.randn(1, 2, 9)
    before = layer(x)
    layer.weight.data.normal_(0.0, 0.02)
    assert torch.equal(layer(x), before)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("samples", "lengths"),
    [
        (8192, [(8192, 2048, 512, 128, 32), (4096, 1024, 256, 64, 16), (2048, 512, 128, 32, 8)]),
        (8191, [(8191, 2048, 512, 128, 32), (4095, 1024, 256, 64, 16), (2047, 512, 128, 32, 8)]),
        (8000, [(8000, 2000, 500, 125, 32), (4000, 1000, 250, 63, 16), (2000, 500, 125, 32, 8)]),
    ],
)
def test_map_shapes(shape, samples, lengths):
    with torch.device("meta"):
        maps = SHAPES[shape].Discriminator()(torch.zeros(2, 1, samples))
    widths = (16, 64, 256, 1024, 1024, 1024, 1)
    for scale, expected in zip(maps, lengths, strict=True):
        steps = [*expected, expected[-1], expected[-1]]
        assert [tuple(m.shape) for m in scale] == [(2, w, t) for w, t in zip(widths, steps, strict=True)]


def test_generated_length_is_frames_times_hop():
    mel = torch.randn(2, 5, 7)
    assert melgan.Generator(5, 8, (3, 2, 5))(mel).shape == (2, 1, 7 * 30)
    assert melgan_keras_io.Generator(5, 8, (4, 2))(mel).shape == (2, 1, 7 * 8)


def test_the_order_of_activations_in_the_generators():
    """A constant of -1 shows them: each leaky ReLU on the way multiplies by its slope."""
    mel = torch.full((1, 3, 80), -1.0)
    descript = keep_constants(melgan.Generator(3, 8, (2, 2)))(mel)
    block = 1 + 0.2**2
    assert descript[0, 0, 160].item() == pytest.approx(math.tanh(-(0.2**3) * block**6), rel=1e-4)
    keras_io = keep_constants(melgan_keras_io.Generator(3, 8, (2, 2)))(mel)
    block = 0.3 * (1 + 0.3) * (1 + 0.3**2) ** 2 * 0.3
    assert keras_io[0, 0, 160].item() == pytest.approx(math.tanh(-0.3 * block**2), rel=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_discriminators_on_a_constant_wave(shape):
    discriminator = keep_constants(SHAPES[shape].Discriminator(channels=4, max_channels=16))
    slope = SLOPES[shape]
    for scale in discriminator(torch.full((1, 1, 65536), -1.0)):
        middle = [m[0, 0, m.shape[-1] // 2].item() for m in scale]
        assert middle == pytest.approx([-(slope**i) for i in (1, 2, 3, 4, 5, 6, 6)], rel=1e-4)
        if shape == "descript":  # Neither the pooling nor the reflected edges of the first layer see a zero.
            torch.testing.assert_close(scale[0], torch.full_like(scale[0], -slope))


@pytest.mark.parametrize("dilation", [1, 3, 9])
def test_descript_block_reaches_its_dilation(dilation):
    torch.manual_seed(0)
    x = torch.randn(1, 4, 41, requires_grad=True)
    melgan.ResnetBlock(4, dilation)(x)[0, :, 20].sum().backward()
    assert torch.nonzero(x.grad[0].abs().sum(0)).flatten().tolist() == [20 - dilation, 20, 20 + dilation]


def test_descript_dilations_grow_threefold():
    generator = melgan.Generator(5, 8, (2, 2), residual_layers=4)
    dilations = [block.block[2].dilation[0] for block in generator.model if isinstance(block, melgan.ResnetBlock)]
    assert dilations == [1, 3, 9, 27] * 2


def test_keras_io_dilations():
    block = melgan_keras_io.Generator(5, 8, (2, 2)).blocks[1]
    assert [layer.dilation[0] for layer in block.convs] == [1, 1, 3, 1, 9, 1]


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "expected"),
    [
        (8192, 41, 4, (18, 19)),
        (8191, 41, 4, (19, 19)),
        (8190, 41, 4, (19, 20)),
        (8189, 41, 4, (20, 20)),
        (5, 41, 4, (20, 20)),
        (100, 15, 1, (7, 7)),
        (100, 4, 1, (1, 2)),
        (8, 1, 4, (0, 0)),
    ],
)
def test_same_padding_of_tensorflow(length, kernel, stride, expected):
    assert melgan_keras_io.same_padding(length, kernel, stride) == expected


def test_descript_losses():
    fake, real = maps_of((1, 2, 3, 4, 5, 6, 0.5), (0, 0, 0, 0, 0, 0, -3)), maps_of((0,) * 6 + (0.25,), (0,) * 6 + (2,))
    assert melgan.discriminator_loss(fake, real).item() == pytest.approx(1.5 + 0.75)
    assert melgan.adversarial_loss(fake).item() == pytest.approx(2.5)
    assert melgan.feature_loss(fake, real).item() == pytest.approx(21 * 4 / 5 / 2)


def test_keras_io_losses():
    fake, real = maps_of((1, 2, 3, 4, 5, 6, 0.5), (0, 0, 0, 0, 0, 0, -3)), maps_of((0,) * 6 + (0.25,), (0,) * 6 + (2,))
    real_term, fake_term = (0.75**2 + 1) / 2, (0.5**2 + 3**2) / 2
    assert melgan_keras_io.discriminator_loss(fake, real).item() == pytest.approx(real_term + fake_term)
    assert melgan_keras_io.adversarial_loss(fake).item() == pytest.approx((0.5**2 + 4**2) / 2)
    assert melgan_keras_io.feature_loss(fake, real).item() == pytest.approx(21 / 12)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_uses_its_own_losses(shape):
    model, (mel, wave) = small(shape), batch()
    fake, real, module = model.discriminator(model.generator(mel)), model.discriminator(wave), SHAPES[shape]
    losses = {**model.discriminator_losses(mel, wave), **model.generator_losses(mel, wave, real)}
    torch.testing.assert_close(losses["discriminator"], module.discriminator_loss(fake, real))
    torch.testing.assert_close(losses["adversarial"], module.adversarial_loss(fake))
    torch.testing.assert_close(losses["feature"], module.feature_loss(fake, real))
    torch.testing.assert_close(losses["generator"], losses["adversarial"] + 10 * losses["feature"])


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_detached(shape):
    model, (mel, wave) = small(shape), batch()
    assert not any(m.requires_grad for scale in model.real_features(wave) for m in scale)
    model.discriminator_losses(mel, wave)["discriminator"].backward()
    assert all(p.grad is None for p in model.generator.parameters())
    attached = wave.clone().requires_grad_()
    model.generator_losses(mel, wave, model.discriminator(attached))["generator"].backward()
    assert attached.grad is None


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("samples", "common"), [(61, 61), (64, 64), (67, 64)])
def test_both_waves_are_cut_to_the_shorter(shape, samples, common):
    model, (mel, wave) = small(shape), batch(samples=samples)
    fake, real = model.generator(mel)[..., :common], wave[..., :common]
    fake_maps, real_maps = model.discriminator(fake), model.discriminator(real)
    kept = model.real_features(wave, mel)
    torch.testing.assert_close(kept, real_maps)
    losses = {**model.discriminator_losses(mel, wave), **model.generator_losses(mel, wave, kept)}
    torch.testing.assert_close(losses["discriminator"], model.discriminator_loss(fake_maps, real_maps))
    torch.testing.assert_close(losses["feature"], model.feature_loss(fake_maps, real_maps))


def test_each_gradient_is_clipped_on_its_own_like_keras():
    module = torch.nn.Linear(2, 1)
    loss = (module(torch.tensor([3.0, 4.0])) * torch.tensor([0.5])).sum()
    set_gradients(module, loss, clip_each=1.0)
    torch.testing.assert_close(module.weight.grad, torch.tensor([[0.6, 0.8]]))
    torch.testing.assert_close(module.bias.grad, torch.tensor([0.5]))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("simultaneous", [False, True])
def test_training_steps_against_the_same_by_hand(shape, simultaneous):
    """Large steps, so that every change of the order shows: which discriminator, which real features, which grads."""
    batches = [batch(seed=seed) for seed in (1, 2, 3)]
    trained, model = small(shape), small(shape)
    history = train(
        trained,
        batches,
        generator_learning_rate=1e-2,
        discriminator_learning_rate=2e-2,
        eps=1e-7,
        simultaneous=simultaneous,
    )

    adam = {"betas": (0.5, 0.9), "eps": 1e-7}
    adam_g = torch.optim.Adam(model.generator.parameters(), lr=1e-2, **adam)
    adam_d = torch.optim.Adam(model.discriminator.parameters(), lr=2e-2, **adam)
    for (mel, wave), recorded in zip(batches, history, strict=True):
        real, fake = model.discriminator(wave), model.discriminator(model.generator(mel))
        loss_d = model.discriminator_loss(fake, real)
        grads_d = torch.autograd.grad(loss_d, list(model.discriminator.parameters()), retain_graph=True)
        real = [[m.detach().clone() for m in scale] for scale in real]
        if simultaneous:
            adversarial, feature = model.adversarial_loss(fake), model.feature_loss(fake, real)
            grads_g = torch.autograd.grad(adversarial + 10 * feature, list(model.generator.parameters()))
        for parameter, gradient in zip(model.discriminator.parameters(), grads_d, strict=True):
            parameter.grad = gradient
        adam_d.step()
        if not simultaneous:
            fake = model.discriminator(model.generator(mel))
            adversarial, feature = model.adversarial_loss(fake), model.feature_loss(fake, real)
            grads_g = torch.autograd.grad(adversarial + 10 * feature, list(model.generator.parameters()))
        for parameter, gradient in zip(model.generator.parameters(), grads_g, strict=True):
            parameter.grad = gradient
        adam_g.step()
        by_hand = {"discriminator": loss_d, "generator": adversarial + 10 * feature, "feature": feature}
        assert {name: recorded[name] for name in by_hand} == pytest.approx(
            {name: value.item() for name, value in by_hand.items()}, rel=1e-4
        )
    torch.testing.assert_close(trained.state_dict(), model.state_dict(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_training_lowers_the_feature_loss(shape):
    model = small(shape)
    options = KERAS_IO if shape == "keras_io" else {}
    rates = {"generator_learning_rate": 1e-2, "discriminator_learning_rate": 1e-4}
    history = train(model, [batch()] * 40, **{**options, **rates})
    assert history[-1]["feature"] < 0.7 * history[0]["feature"]
    assert all(math.isfinite(value) for losses in history for value in losses.values())
