import math

import pytest
import torch

from torch_ref import vits
from torch_ref.melgan import remove_weight_norm

SIZES = {
    "n_vocab": 11,
    "decoder": {
        "upsample_rates": (4, 2),
        "upsample_kernel_sizes": (8, 4),
        "upsample_initial_channel": 16,
        "resblock": "2",
        "resblock_kernel_sizes": (3, 5),
        "resblock_dilation_sizes": ((1, 3), (1, 2)),
    },
    "bins": 9,
    "channels": 6,
    "hidden": 8,
    "filters": 12,
    "layers": 2,
    "posterior_layers": 2,
    "flow_layers": 2,
}
SPEAKERS = {
    "none": {},
    "table": {"gin": 5, "n_speakers": 3},
    "embedding": {"gin": 5, "embedding": 5},
    "projected": {"gin": 5, "embedding": 7, "projected": True},
}


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drawn(module):
    """No parameter as it was made: what starts at zero would make a flow the identity."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return module.double().eval()


def draw(*shape):
    return torch.randn(*shape, dtype=torch.double)


@pytest.mark.parametrize(
    ("name", "parameters", "tensors"),
    [
        ("ljs", 36_321_072, 838),
        ("ljs_nosdp", 35_349_761, 564),
        ("vctk", 39_700_208, 858),
        ("piper_medium", 23_663_792, 673),
    ],
)
def test_parameter_counts(name, parameters, tensors):
    with torch.device("meta"):
        model = vits.VITS(**vits.CONFIGS[name])
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert len(model.state_dict()) == tensors


def test_parameters_of_the_parts_of_vctk():
    with torch.device("meta"):
        model = vits.VITS(**vits.CONFIGS["vctk"])
        parts = {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()}
        assert parts == {
            "enc_p": 6_326_784,
            "dec": 14_468_608,
            "enc_q": 8_823_168,
            "flow": 8_687_232,
            "dp": 1_366_512,
            "emb_g": 27_904,
        }
        path = [model.enc_q, model.flow, model.dec, model.emb_g]
        assert sum(p.numel() for part in path for p in part.parameters()) == 32_006_912
        assert sum(p.numel() for part in path for p in remove_weight_norm(part).parameters()) == 31_961_408


@torch.no_grad()
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("spread", [0.3, 3.0])
def test_a_spline_is_undone_and_its_derivative_is_its_own(spread, reverse):
    torch.manual_seed(0)
    shape = [spread * draw(500, n) for n in (10, 10, 9)]
    x = draw(500) * 4
    y, log_derivative = vits.spline(x, *shape, reverse=reverse)
    again, back = vits.spline(y, *shape, reverse=not reverse)
    torch.testing.assert_close(again, x)
    torch.testing.assert_close(back, -log_derivative)
    assert (y[x.abs() > 5] == x[x.abs() > 5]).all()
    step = 1e-7
    slope = (vits.spline(x + step, *shape, reverse=reverse)[0] - y) / step
    torch.testing.assert_close(slope.log(), log_derivative, rtol=0, atol=1e-2)


@torch.no_grad()
def test_flows_are_undone():
    flow = drawn(vits.ResidualCouplingBlock(6, 8, 5, 2, 4, 3))
    z, g, mask = draw(2, 6, 9), draw(2, 3, 1), vits.sequence_mask(torch.tensor([9, 5]), 9, torch.double)
    there = flow(z, mask, g)
    assert not torch.allclose(there, z)
    torch.testing.assert_close(flow(there, mask, g, reverse=True) * mask, z * mask)


def test_the_log_determinants_of_the_duration_flow():
    """Of z -> x by autograd, with what the flow says of x -> z."""
    predictor = drawn(vits.StochasticDurationPredictor(8, 3, 0.0, 2, 0))
    mask, h, x = torch.ones(1, 1, 4, dtype=torch.double), draw(1, 8, 4), draw(1, 2, 4)

    def through(values):
        total = 0
        for flow in predictor.flows:
            values, log_determinant = flow(values, mask, g=h)
            total = total + log_determinant
        return values, total

    jacobian = torch.autograd.functional.jacobian(lambda values: through(values)[0].flatten(), x).reshape(8, 8)
    torch.testing.assert_close(through(x)[1][0], jacobian.det().abs().log())


@torch.no_grad()
@pytest.mark.parametrize("stochastic", [True, False])
@pytest.mark.parametrize("speakers", SPEAKERS)
def test_padding_changes_nothing_in_front_of_it(stochastic, speakers):
    model = drawn(vits.VITS(**SIZES, **SPEAKERS[speakers], stochastic=stochastic))
    who = {"none": None, "table": torch.tensor([2, 0])}.get(
        speakers, draw(2, model.emb_g.in_features if speakers == "projected" else 5)
    )
    ids, lengths = torch.randint(0, 11, (2, 7)), torch.tensor([7, 4])
    noise, duration_noise = draw(2, 6, 2000), draw(2, 2, 7)
    both = model.infer(ids, lengths, noise, duration_noise, who)
    for i in range(2):
        n, one = lengths[i], None if who is None else who[i : i + 1]
        alone = model.infer(
            ids[i : i + 1, :n], lengths[i : i + 1], noise[i : i + 1], duration_noise[i : i + 1, :, :n], one
        )
        frames = alone["frames"][0]
        assert both["frames"][i] == frames
        for name in ("m_p", "z_p", "z"):
            torch.testing.assert_close(both[name][i : i + 1, :, :frames], alone[name])


@torch.no_grad()
def test_conversion_to_the_same_speaker_is_what_the_decoder_makes_of_the_posterior():
    model = drawn(vits.VITS(**SIZES, **SPEAKERS["table"]))
    spectrogram, lengths, noise = draw(2, 9, 11), torch.tensor([11, 6]), draw(2, 6, 11)
    source = torch.tensor([1, 2])
    same = model.convert(spectrogram, lengths, noise, source, source)
    torch.testing.assert_close(same["z_hat"], same["z"])
    torch.testing.assert_close(same["wave"], model.dec(same["z"], model.speaker(source)))
    assert not torch.allclose(model.convert(spectrogram, lengths, noise, source, 2 - source)["wave"], same["wave"])


@torch.no_grad()
def test_the_tone_converter_has_the_published_keys():
    with torch.device("meta"):
        model = vits.ToneConverter(decoder=vits.CONFIGS["vctk"]["decoder"])
    state = model.state_dict()
    assert {key.split(".")[0] for key in state} == {"dec", "enc_q", "flow", "ref_enc"}
    assert state["ref_enc.gru.weight_ih_l0"].shape == (384, 128 * math.ceil(513 / 64))
    assert state["ref_enc.convs.5.weight_v"].shape == (128, 128, 3, 3)
    assert state["ref_enc.convs.5.weight_g"].shape == (128, 1, 1, 1)
    assert state["ref_enc.proj.weight"].shape == (256, 128)
    assert state["ref_enc.layernorm.weight"].shape == (513,)


@torch.no_grad()
@pytest.mark.parametrize("zero_g", [True, False])
def test_the_tone_converter_converts_to_the_voice_of_a_spectrogram(zero_g):
    sizes = {name: SIZES[name] for name in ("decoder", "bins", "channels", "hidden", "posterior_layers", "flow_layers")}
    model = drawn(vits.ToneConverter(gin=5, filters=(3, 4), units=6, zero_g=zero_g, **sizes))
    spectrogram, lengths, noise = draw(2, 9, 11), torch.tensor([11, 6]), draw(2, 6, 11)
    source, target = model.ref_enc(spectrogram), model.ref_enc(draw(2, 9, 17))
    assert source.shape == (2, 5, 1)
    found = model.voice_conversion(spectrogram, lengths, noise, source, target)
    assert found["wave"].shape == (2, 1, 88)
    assert torch.equal(
        found["z"],
        model.enc_q(spectrogram, vits.sequence_mask(lengths, 11, torch.double), noise, source * (not zero_g))[0],
    )
