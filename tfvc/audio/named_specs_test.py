import dataclasses

import pytest

from tfvc.audio import MelSpec, named_specs
from tfvc.common.errors import TfvcError


@pytest.fixture
def added(monkeypatch):
    """What installed packages register, to be filled."""
    specs = {}
    monkeypatch.setattr(named_specs, "plugins", lambda group: specs if group == "tfvc.mel_specs" else {})
    return specs


def test_a_package_adds_a_spec(added):
    added["wide_22k"] = dataclasses.replace(MelSpec.named("hifigan_22k"), n_mels=100)
    assert MelSpec.named("wide_22k").n_mels == 100
    assert MelSpec.find("wide_22k") == added["wide_22k"]
    with pytest.raises(TfvcError, match=r"no mel spec is called 'wide', there are hifigan_22k, .*, wide_22k"):
        MelSpec.named("wide")


@pytest.mark.parametrize(
    ("name", "spec", "words"),
    [
        ("wide_22k", {"n_mels": 100}, "'wide_22k' in tfvc.mel_specs is a dict, not a MelSpec"),
        ("hifigan_22k", None, "'hifigan_22k' in tfvc.mel_specs has the name of a mel spec of tfvc"),
    ],
)
def test_what_is_no_spec_or_takes_a_published_name_is_refused(added, name, spec, words):
    added[name] = spec or named_specs.NAMED_SPECS[name]
    with pytest.raises(TfvcError, match=words):
        MelSpec.named("autovc_16k")
