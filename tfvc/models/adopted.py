"""Models from the files of other projects, in this one's terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfvc.audio import MelSpec
from tfvc.common.config import Config


@dataclass(frozen=True)
class Adopted:
    """What a family makes of another project's files.

    Attributes:
        state: the weights under upstream's keys.
        config, mel_spec: of the network, as the configuration tells them; None where none was given.
        inputs: what the network reads beside its front-end: arguments of its constructor.
        notes: what whoever imports it should know, a line each.
    """

    state: dict[str, np.ndarray]
    config: Config | None = None
    mel_spec: MelSpec | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
