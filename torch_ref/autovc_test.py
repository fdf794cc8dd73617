import pytest
import torch

from torch_ref.autovc import Generator
from torch_ref.train_autovc import train

SMALL = {
    "neck": 3,
    "freq": 4,
    "n_mels": 7,
    "dim_emb": 5,
    "conv_channels": 6,
    "decoder_lstm1": 9,
    "decoder_lstm2": 8,
}


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("neck", "freq", "count"), [(32, 32, 28_422_464), (32, 22, 28_422_464), (16, 16, 28_266_304)])
def test_parameter_counts_of_upstream(neck, freq, count):
    with torch.device("meta"):
        assert parameters(Generator(neck=neck, freq=freq)) == count


def test_keys_of_upstream():
    with torch.device("meta"):
        keys = list(Generator().state_dict())
    for key in (
        "encoder.convolutions.0.0.conv.weight",
        "encoder.convolutions.2.1.running_var",
        "encoder.convolutions.0.1.num_batches_tracked",
        "encoder.lstm.weight_ih_l0_reverse",
        "encoder.lstm.bias_hh_l1",
        "decoder.lstm1.weight_ih_l0",
        "decoder.convolutions.2.0.conv.bias",
        "decoder.lstm2.weight_hh_l1",
        "decoder.linear_projection.linear_layer.weight",
        "postnet.convolutions.0.0.conv.weight",
        "postnet.convolutions.4.1.running_mean",
    ):
        assert key in keys
    assert keys[0] == "encoder.convolutions.0.0.conv.weight"
    assert keys[-1] == "postnet.convolutions.4.1.num_batches_tracked"


def test_codes_read_each_direction_at_the_end_of_its_segment():
    torch.manual_seed(0)
    encoder = Generator(**SMALL).eval().encoder
    mel, embedding = torch.randn(2, 12, 7), torch.randn(2, 5)
    taken = {}
    encoder.lstm.register_forward_hook(lambda _module, _inputs, output: taken.update(hidden=output[0]))
    codes = encoder(mel, embedding)
    for segment in range(3):
        assert torch.equal(codes[:, segment, :3], taken["hidden"][:, 4 * segment + 3, :3])
        assert torch.equal(codes[:, segment, 3:], taken["hidden"][:, 4 * segment, 3:])


def test_any_length_is_zero_padded_and_cut():
    torch.manual_seed(0)
    generator = Generator(**SMALL).eval()
    mel, embedding = torch.randn(2, 11, 7), torch.randn(2, 5)
    mel_out, mel_postnet, codes = generator(mel, embedding, embedding)
    assert mel_out.shape == mel_postnet.shape == (2, 11, 7)
    assert codes.shape == (2, 3, 6)
    padded = torch.cat([mel, torch.zeros(2, 1, 7)], dim=1)
    assert torch.equal(mel_out, generator(padded, embedding, embedding)[0][:, :11])


def test_upstream_broadcast_compares_every_pair_of_the_batch():
    torch.manual_seed(0)
    generator = Generator(**SMALL).eval()
    mel, embedding = torch.randn(3, 8, 7), torch.randn(3, 5)
    ours = generator.losses(mel, embedding)
    theirs = generator.losses(mel, embedding, upstream_broadcast=True)
    mel_out = generator(mel, embedding, embedding)[0]
    pairs = torch.stack([torch.mean((mel_out[i] - mel[j]) ** 2) for i in range(3) for j in range(3)])
    torch.testing.assert_close(theirs["reconstruction"], pairs.mean())
    assert abs(theirs["reconstruction"] - ours["reconstruction"]) > 1e-4
    assert torch.equal(theirs["content"], ours["content"])


def test_the_gradient_flows_through_the_re_encoding():
    torch.manual_seed(0)
    generator = Generator(**SMALL).train()
    generator.losses(torch.randn(2, 8, 7), torch.randn(2, 5))["content"].backward()
    assert generator.postnet.convolutions[4][1].weight.grad.abs().max() > 0


def test_training_lowers_the_loss():
    torch.manual_seed(0)
    generator = Generator(**SMALL)
    batch = (torch.rand(4, 8, 7), torch.randn(4, 5))
    history = train(generator, [batch] * 30, learning_rate=1e-2, clip_grad_norm=1.0)
    assert history[-1]["loss"] < 0.5 * history[0]["loss"]
