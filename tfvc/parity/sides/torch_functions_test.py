"""Every call of a function is seen, and each can be made another by its place."""

import torch

from tfvc.parity.sides.torch_functions import calling, recording, watching


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(3)

    def forward(self, x):
        # What gives no tensor is called too.
        assert x.dim() == 2
        return torch.relu(self.norm(x)) + x.size(0)


def test_calls_are_recorded_by_module():
    module, x = Module().eval(), torch.ones(4, 3)
    with recording(module, ["norm"]) as found:
        module(x)
    assert [(call.name, call.path, call.ended) for call in found.functions] == [
        ("batch_norm", "norm", 0),
        ("relu", "", 1),
        ("add", "", 1),
    ]
    assert found.ended == [("norm", 1)]


def test_each_call_can_be_made_another():
    module, x = Module().eval(), -torch.ones(4, 3)
    with recording(module) as found:
        right = module(x)
    for call in found.functions:
        called = []

        def other(function, args, kwargs, called=called):
            called.append(function.__name__)
            return function(*args, **kwargs) + 1

        with calling({call.place: other}):
            wrong = module(x)
        assert called == [call.name]
        assert not torch.equal(wrong, right) or call.name == "batch_norm"  # which is below zero still
    assert torch.equal(module(x), right)


def test_a_call_is_found_again_in_another_mode():
    """In training the batch norm adds to the number of its batches before it is called."""
    module, x = Module().eval(), torch.ones(4, 3)
    with recording(module) as found:
        module(x)
    norm = next(call for call in found.functions if call.name == "batch_norm")
    called = []
    with calling(
        {norm.place: lambda function, args, kwargs: called.append(function.__name__) or function(*args, **kwargs)}
    ):
        module.train()(x)
    assert called == ["batch_norm"]


def test_watching_ends_with_its_context():
    module, x, seen = Module().eval(), torch.ones(4, 3), []
    with watching(module, seen.append):
        module(x)
    module(x)
    assert len(seen) == 3
