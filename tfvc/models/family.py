"""Families of models: one record says all that the rest of tfvc must know of one, found through entry points.

A package adds a family by an entry point in the group `tfvc.families` whose object is a `Family`; the checklist is
`tfvc/models/README.md`. Records name classes and functions as `module:attribute`, which are imported when they are
used, so that `tfvc --help` knows all families without importing TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfvc.common.config import Config
from tfvc.common.errors import TfvcError
from tfvc.common.plugins import load_object, plugins

GROUP = "tfvc.families"


@dataclass(frozen=True)
class Network:
    """A network that a preset can hold and a checkpoint can fill.

    Attributes:
        name: on the command line and in a preset's `config.json`.
        model: its class, a `PresetModel`.
        config: the class of its configuration, a `Config`; its module must not import TensorFlow.
        vocoder: whether it is a `VocoderModel`, which speaks a mel.
        upstream_config: function from the path of upstream's configuration file to (configuration, mel spec).
        adopt_torch: in place of that, where files of several projects are read: function of (state dict, all that the
            file holds, its path, the path of its configuration or None) that gives an `Adopted`.
        adopt_onnx: function of (path of an ONNX file, path of its configuration) that gives an `Adopted`.
        keras2_preset: the architecture that Keras 2 files are of, unless another is named; None if there are none.
        not_in_file: fields of the configuration that no checkpoint tells.
        of_training: keys of upstream's files that are left out, since they only serve to go on training.
        upgrade: function that brings the content of a `config.json` that earlier versions wrote under this name into
            today's form, and returns that of today as it is.
    """

    name: str
    model: str
    config: str
    vocoder: bool = False
    upstream_config: str | None = None
    adopt_torch: str | None = None
    adopt_onnx: str | None = None
    keras2_preset: str | None = None
    not_in_file: tuple[str, ...] = ()
    of_training: tuple[str, ...] = ()
    upgrade: str | None = None

    @property
    def model_class(self) -> Any:
        return load_object(self.model)

    @property
    def config_class(self) -> type[Config]:
        return load_object(self.config)


@dataclass(frozen=True)
class Family:
    """What belongs together: networks, how they are trained, what they are as a voice, how they are proved.

    Attributes:
        name: on the command line.
        networks: all of its networks.
        training: the class of its runs, a `Training`; its first network is what a run is for.
        default_preset: the architecture that is trained where none is named.
        voice: the class of its voices, a `Voice`.
        cases: the parity cases, a mapping from names to functions that make a `ParityCase`.
        downloads: name of a preset that is published elsewhere -> function that fetches it into the user's cache:
            `(source: Path | None) -> (folder, written now)`.
    """

    name: str
    networks: tuple[Network, ...]
    training: str | None = None
    default_preset: str | None = None
    voice: str | None = None
    cases: str | None = None
    downloads: Mapping[str, str] = field(default_factory=dict)


def families() -> dict[str, Family]:
    """The families of all installed packages by name.

    Raises:
        TfvcError: if an entry point is no family, or two have one name.
    """
    found: dict[str, Family] = {}
    for name, family in plugins(GROUP).items():
        if not isinstance(family, Family):
            raise TfvcError(f"the entry point {name!r} in {GROUP} is a {type(family).__name__}, not a Family")
        if family.name in found:
            raise TfvcError(f"two families are called {family.name!r}; uninstall the package of one of them")
        found[family.name] = family
    return found


def networks() -> dict[str, Network]:
    """All networks of all families by name."""
    return {network.name: network for family in families().values() for network in family.networks}


def find_network(name: str) -> Network:
    """The network of that name. Raises TfvcError for a name that is none."""
    known = networks()
    if name not in known:
        raise TfvcError(f"{name}: no such model; choose one of {', '.join(known)}")
    return known[name]


def find_family(name: str) -> Family:
    """The family of that name. Raises TfvcError for a name that is none."""
    known = families()
    if name not in known:
        raise TfvcError(f"{name}: no such family; choose one of {', '.join(known)}")
    return known[name]


def family_of(network: str) -> Family:
    """The family that a network belongs to. Raises TfvcError for a name that is none."""
    find_network(network)
    return next(family for family in families().values() if network in {n.name for n in family.networks})


def downloads() -> dict[str, str]:
    """Names of published presets that can be fetched -> the function that fetches them."""
    return {name: path for family in families().values() for name, path in family.downloads.items()}
