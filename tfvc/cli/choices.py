"""What there is to choose from, for the help of commands: told by the installed families, without TensorFlow."""

from collections.abc import Callable, Iterable

from tfvc.common.errors import TfvcError
from tfvc.models.family import Family, Network, downloads, families, networks


def _of_what_is_installed(words: Callable[[], str]) -> Callable[[], str]:
    """A family that cannot be loaded is an error of the command that needs it, not of every help text."""

    def safe() -> str:
        try:
            return words()
        except TfvcError:
            return "(an installed family cannot be loaded)"

    return safe


def network_list(wanted: Callable[[Network], object] = lambda network: True) -> list[str]:
    """The names of the networks that are wanted, of all families."""
    return [name for name, network in networks().items() if wanted(network)]


def trained_families() -> dict[str, Family]:
    """The families that can be trained, by name."""
    return {name: family for name, family in families().items() if family.training is not None}


@_of_what_is_installed
def all_networks() -> str:
    return ", ".join(network_list())


@_of_what_is_installed
def keras2_networks() -> str:
    return ", ".join(network_list(lambda network: network.keras2_preset))


@_of_what_is_installed
def networks_with_upstream_config() -> str:
    return ", ".join(network_list(lambda network: network.upstream_config or network.adopt_torch))


@_of_what_is_installed
def onnx_networks() -> str:
    return ", ".join(network_list(lambda network: network.adopt_onnx))


@_of_what_is_installed
def vocoders() -> str:
    return ", ".join(network_list(lambda network: network.vocoder))


@_of_what_is_installed
def trainings() -> str:
    return ", ".join(trained_families())


@_of_what_is_installed
def published() -> str:
    return ", ".join(downloads())


@_of_what_is_installed
def torch_presets() -> str:
    return _presets((network, next(iter(network.config_class.named))) for network in networks().values())


@_of_what_is_installed
def keras2_presets() -> str:
    return _presets((network, network.keras2_preset) for network in networks().values() if network.keras2_preset)


@_of_what_is_installed
def trained_presets() -> str:
    return _presets((family.networks[0], family.default_preset) for family in trained_families().values())


def _presets(defaults: Iterable[tuple[Network, str | None]]) -> str:
    """`autovc: official (default), article, small; ...`"""
    return "; ".join(
        f"{network.name}: {', '.join(f'{n} (default)' if n == default else n for n in network.config_class.named)}"
        for network, default in defaults
    )
