"""VITS in miniature: each network, both directions, the whole by each kind of speaker, and state dicts both ways."""

import numpy as np
import pytest
import tensorflow as tf
import torch

from tfvc.audio import extract_mel, named_spec
from tfvc.cases import vits as cases
from tfvc.cases.vits.sides import declared, torch_tone_converter, torch_vits
from tfvc.models.vits import VITS, ToneConverter, ToneConverterConfig, VITSConfig
from tfvc.models.vits.durations import StochasticDurationPredictor
from tfvc.models.vits.spline import spline
from tfvc.models.vits.torch_keys import stochastic_pairs
from tfvc.parity import compare
from tfvc.parity.sides.precision import precision
from tfvc.testing import assert_equal_in_float64
from tfvc.weights import WeightError, load_state_dict, state_dict
from torch_ref import vits as reference
from torch_ref.melgan import remove_weight_norm

SIZES = {
    "spec_channels": 9,
    "inter_channels": 6,
    "hidden_channels": 8,
    "posterior_layers": 2,
    "flow_layers": 2,
    "n_flows": 2,
    "upsample_rates": (5, 2),
    "upsample_kernel_sizes": (11, 4),
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": (3,),
    "resblock_dilation_sizes": ((1, 3),),
}
TEXT = {"n_vocab": 11, "filter_channels": 12, "n_layers": 1, "duration_filters": 7, "duration_flows": 2}
SPEAKERS = {
    "one": {},
    "one, with a condition that nobody gives": {"gin_channels": 5},
    "a table": {"gin_channels": 5, "n_speakers": 3},
    "embeddings": {"gin_channels": 5, "embedding_size": 5},
    "projected embeddings": {"gin_channels": 5, "embedding_size": 7, "project_embedding": True},
}
TABLE = VITSConfig(**SIZES, **TEXT, **SPEAKERS["a table"])
WITHOUT_SDP = VITSConfig(**SIZES, **TEXT, **SPEAKERS["a table"], use_sdp=False, resblock="2")
TONE = ToneConverterConfig(**SIZES, gin_channels=5, reference_filters=(3, 4), reference_units=6)
IDS, SYMBOLS, FRAMES = np.array([[1, 10, 0, 3, 3, 7, 2], [4, 0, 9, 5, 0, 0, 0]]), np.array([7, 4]), np.array([11, 6])


@pytest.mark.parametrize(
    "case",
    [
        cases.text_encoder(TABLE, lengths=np.array([12, 17, 5], np.int32)),
        cases.duration_predictor(WITHOUT_SDP),
        cases.posterior_encoder(TABLE),
        cases.flow(TABLE),
        cases.decoder(WITHOUT_SDP),
        cases.reference_encoder(TONE, frames=17),
    ],
    ids=lambda case: case.name,
)
def test_a_miniature(case):
    phases = [phase for phase in case.phases if phase in ("forward", "backward", "roundtrip")]
    compare(case, phases, init="random").raise_on_failure()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "config"),
    [
        (cases.duration_likelihood, TABLE),
        (cases.speech, WITHOUT_SDP),
    ],
)
def test_a_miniature_of_many_layers(make, config):
    compare(make(config), ("forward", "backward"), init="random").raise_on_failure()


def drawn(module: torch.nn.Module) -> torch.nn.Module:
    """No parameter as it was made: what starts at zero would make each flow the identity."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return module.double().eval()


def arrays(module: torch.nn.Module) -> dict[str, np.ndarray]:
    return {key: value.numpy() for key, value in module.state_dict().items()}


def turned(x: np.ndarray) -> torch.Tensor:
    return torch.tensor(x).transpose(1, 2)


def both(config: VITSConfig):
    """The reference and our model with its weights, in float64."""
    theirs = drawn(torch_vits(config))
    with precision("float64"):
        ours = VITS(config)
    load_state_dict(ours, arrays(theirs))
    return theirs, ours


@pytest.fixture(scope="module")
def with_a_table():
    return both(WITHOUT_SDP)


def who(config: VITSConfig) -> np.ndarray | None:
    """Two speakers as the model takes them."""
    if config.n_speakers:
        return np.array([2, 0])
    return np.random.default_rng(5).normal(size=(2, config.embedding_size)) if config.embedding_size else None


def assert_equal_stages(ours, theirs, stages):
    for name, other in stages.items():
        assert_equal_in_float64(ours[name].numpy(), theirs[other].transpose(1, 2).detach().numpy(), name)


SPOKEN = {"log_durations": "logw", "mean": "m_p", "log_scale": "logs_p", "z_p": "z_p", "z": "z", "waveform": "wave"}
CONVERTED = {"z": "z", "mean": "m", "log_scale": "logs", "z_p": "z_p", "z_target": "z_hat", "waveform": "wave"}


@pytest.mark.parametrize("speakers", SPEAKERS)
def test_it_speaks_and_converts_as_torch_does(speakers):
    use_sdp = speakers == "a table"
    config = VITSConfig(**SIZES, **TEXT, **SPEAKERS[speakers], use_sdp=use_sdp)
    theirs, ours = both(config)
    rng = np.random.default_rng(0)
    noise, duration_noise = rng.normal(size=(2, 500, 6)), rng.normal(size=(2, 7, 2))
    someone = who(config)
    other = None if someone is None else someone[::-1].copy()
    given = duration_noise if use_sdp else None
    for scales in ((0.667, 1.0, 0.8), (0.3, 1.7, 0.0)):
        mine = ours.infer(IDS, SYMBOLS, tf.constant(noise), given, someone, *scales)
        tensors = (torch.tensor(IDS), torch.tensor(SYMBOLS), turned(noise), turned(duration_noise))
        its = theirs.infer(*tensors, None if someone is None else torch.tensor(someone), *scales)
        np.testing.assert_array_equal(mine["frames"], its["frames"])
        assert_equal_stages(mine, its, SPOKEN)

    spectrogram, noise = rng.exponential(size=(2, 11, 9)), rng.normal(size=(2, 11, 6))
    mine = ours.convert(tf.constant(spectrogram), FRAMES, someone, other, tf.constant(noise))
    pair = [None if it is None else torch.tensor(it) for it in (someone, other)]
    its = theirs.convert(turned(spectrogram), torch.tensor(FRAMES), turned(noise), *pair)
    assert_equal_stages(mine, its, CONVERTED)
    assert mine["waveform"].shape == (2, 110, 1)


def test_the_likelihood_of_durations_is_torchs():
    """Of durations within the splines and, 400 frames, beyond them."""
    with precision("float64"):
        layer = StochasticDurationPredictor(TABLE)
    layer.build()
    theirs = drawn(torch_vits(TABLE).dp)
    for entry in declared(stochastic_pairs(layer)):
        entry.assign(theirs.state_dict()[entry.name.removeprefix("dp.")].numpy())
    rng = np.random.default_rng(0)
    keep = (np.arange(7) < SYMBOLS[:, None]).astype(float)[..., None]
    hidden, noise, g = rng.normal(size=(2, 7, 8)), rng.normal(size=(2, 7, 2)) * 3, rng.normal(size=(2, 1, 5))
    durations = np.array([[1, 2, 400, 3, 1, 1, 9], [5, 1, 1, 2, 0, 0, 0]], float)[..., None]
    mine = layer(*(tf.constant(x) for x in (hidden, keep, noise, g, durations)))
    its = theirs(*(turned(x) for x in (hidden, keep, noise, g, durations)))
    assert_equal_in_float64(mine.numpy(), its.detach().numpy())


@pytest.mark.parametrize("zero_g", [True, False])
def test_the_tone_converter_converts_as_torch_does(zero_g):
    config = ToneConverterConfig(**{**TONE.to_dict(), "zero_g": zero_g})
    theirs = drawn(torch_tone_converter(config))
    with precision("float64"):
        ours = ToneConverter(config)
    load_state_dict(ours, arrays(theirs))
    rng = np.random.default_rng(0)
    spectrogram, noise, target = rng.exponential(size=(2, 11, 9)), rng.normal(size=(2, 11, 6)), np.ones((2, 70, 9))
    mine = [ours.embed(tf.constant(x)) for x in (spectrogram, target)]
    its = [theirs.ref_enc(turned(x)) for x in (spectrogram, target)]
    for one, other in zip(mine, its, strict=True):
        assert_equal_in_float64(one.numpy(), other[..., 0].detach().numpy())
    mine = ours.convert(tf.constant(spectrogram), FRAMES, *mine, tf.constant(noise))
    its = theirs.voice_conversion(turned(spectrogram), torch.tensor(FRAMES), turned(noise), *its)
    assert_equal_stages(mine, its, CONVERTED)


def test_conversion_to_the_same_speaker_gives_back_the_posterior(with_a_table):
    _, ours = with_a_table
    rng = np.random.default_rng(0)
    spectrogram, noise = rng.exponential(size=(2, 11, 9)), rng.normal(size=(2, 11, 6))
    same = ours.convert(tf.constant(spectrogram), FRAMES, np.array([1, 2]), np.array([1, 2]), tf.constant(noise))
    assert_equal_in_float64(same["z_target"].numpy(), same["z"].numpy())


@pytest.mark.parametrize("config", [TABLE, WITHOUT_SDP, TONE], ids=["stochastic", "deterministic", "tone"])
def test_state_dicts_cross_both_ways_and_fused(config):
    tone = isinstance(config, ToneConverterConfig)
    theirs = drawn((torch_tone_converter if tone else torch_vits)(config))
    with precision("float64"):
        ours, plain = ((ToneConverter if tone else VITS)(config, fused=fused) for fused in (False, True))
    state = arrays(theirs)
    load_state_dict(ours, state)
    again = state_dict(ours)
    assert list(again) == list(state)
    assert all(again[key].tobytes() == state[key].tobytes() for key in state)

    fused = arrays(remove_weight_norm(theirs))
    with pytest.raises(WeightError, match="weight_g"):
        load_state_dict(ours, fused)
    load_state_dict(plain, fused)
    written = state_dict(plain)
    assert written.keys() == fused.keys()
    assert all(written[key].tobytes() == fused[key].tobytes() for key in fused)
    for mine, its in zip(ours.fuse().get_weights(), plain.get_weights(), strict=True):
        assert_equal_in_float64(mine, its)


def test_missing_and_further_tensors_are_named(with_a_table):
    theirs, ours = with_a_table
    for key in ("enc_p.emb.weight", "flow.flows.2.enc.cond_layer.weight_g", "dp.norm_1.gamma", "emb_g.weight"):
        state = arrays(theirs)
        del state[key]
        with pytest.raises(WeightError, match=f"no tensor '{key}'"):
            load_state_dict(ours, state)
    with pytest.raises(WeightError, match=r"tensor 'dec.extra' has no place in vits"):
        load_state_dict(ours, arrays(theirs) | {"dec.extra": np.zeros(1)})


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("spread", [0.3, 3.0])
def test_splines_and_their_gradients(spread, reverse):
    """On and around the ends too, where gradients of numbers outside must not be NaN."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=400) * 4, [-5, 5, -5 - 1e-9, 5 + 1e-9, 1e6, -1e6]])
    given = [x, *(rng.normal(size=(len(x), n)) * spread for n in (10, 10, 9))]
    ours = [tf.constant(value) for value in given]
    with tf.GradientTape() as tape:
        tape.watch(ours)
        found = spline(*ours, reverse=reverse)
        loss = tf.reduce_sum(found[0] * np.cos(np.arange(len(x)))) + tf.reduce_sum(found[1])
    gradients = tape.gradient(loss, ours)
    theirs = [torch.tensor(value, requires_grad=True) for value in given]
    expected = reference.spline(*theirs, reverse=reverse)
    ((expected[0] * torch.tensor(np.cos(np.arange(len(x))))).sum() + expected[1].sum()).backward()
    for mine, its in zip(found, expected, strict=True):
        assert_equal_in_float64(mine.numpy(), its.detach().numpy())
    for mine, its in zip(gradients, theirs, strict=True):
        assert_equal_in_float64(mine.numpy(), its.grad.numpy(), bound=1e-9)  # the inverse is steep where bins are flat


@pytest.mark.parametrize("samples", [385, 512, 22_271])
def test_the_spectrogram_is_upstreams(samples):
    """Upstream's `spectrogram_torch`, with the arguments that torch now wants."""
    wave = np.random.default_rng(0).uniform(-1, 1, samples)
    padded = torch.nn.functional.pad(torch.tensor(wave)[None, None], (384, 384), "reflect")[0, 0]
    window = torch.hann_window(1024, dtype=torch.double)
    spectrum = torch.stft(padded, 1024, 256, window=window, center=False, return_complex=True)
    theirs = (spectrum.real**2 + spectrum.imag**2 + 1e-6).sqrt().T.numpy()
    ours = extract_mel(wave, named_spec("vits_22k"))
    assert ours.shape == (samples // 256, 513)
    np.testing.assert_allclose(ours, theirs, rtol=2e-7, atol=0)
