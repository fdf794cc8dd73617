import pytest
import torch

from torch_ref.speaker_encoder import GE2E, DVector


@pytest.mark.parametrize(("encoder", "count"), [(GE2E, 1_423_616), (DVector, 12_257_536)])
def test_parameter_counts_of_upstream(encoder, count):
    with torch.device("meta"):
        assert sum(p.numel() for p in encoder().parameters()) == count


@pytest.mark.parametrize(
    ("encoder", "last"), [(GE2E, "linear.bias"), (DVector, "embedding.bias")], ids=["ge2e", "dvector"]
)
def test_keys_and_unit_length(encoder, last):
    torch.manual_seed(0)
    module = encoder(n_mels=5, hidden=7, embedding=6)
    keys = list(module.state_dict())
    assert keys[0] == "lstm.weight_ih_l0"
    assert keys[-1] == last
    embedding = module(torch.randn(3, 9, 5))
    assert embedding.shape == (3, 6)
    torch.testing.assert_close(torch.linalg.vector_norm(embedding, dim=-1), torch.ones(3))
