"""What is known of a call is found without calling the function again."""

import torch

from tfvc.parity.diagnosis.hypotheses.functions import changes_of
from tfvc.parity.sides.torch_functions import recording


class Counting(torch.nn.Module):
    """Keeps a mean of what it was given, in a buffer that it changes in place."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(4)
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x):
        self.mean.lerp_(x.mean(0), 0.1)
        first, second = self.norm(x).chunk(2, -1)
        return torch.cumsum(first, 0) * second


def test_looking_for_changes_leaves_the_model_as_it_is():
    module = Counting()
    with torch.no_grad(), recording(module) as found:
        module(torch.randn(5, 4))
    before = {key: value.clone() for key, value in module.state_dict().items()}
    names = {call.name: [change.name for change in changes_of(call)] for call in found.functions}
    assert {"left out", "done twice"} <= set(names["batch_norm"]) & set(names["lerp"]) & set(names["cumsum"])
    assert names["chunk"] == ["order of parts"]
    for key, value in module.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0)
