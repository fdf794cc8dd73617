"""Who made a feature: the name of a trained network and the hash of its weights."""

from dataclasses import dataclass
from typing import Any, Self

from tfvc.common.errors import TfvcError


@dataclass(frozen=True)
class Maker:
    """A trained network that makes features, such as a speaker encoder.

    Two networks of one architecture give embeddings of one size that have nothing to do with each other, so the weights
    count too.

    Attributes:
        name: of the architecture, such as `ge2e` or `dvector`.
        sha256: of the weights; None where they are not at hand, and any of that name are meant.
    """

    name: str
    sha256: str | None = None

    def fits(self, other: Self) -> bool:
        """Whether both mean the same network, as far as both say."""
        return self.name == other.name and (self.sha256 == other.sha256 or None in (self.sha256, other.sha256))

    def __str__(self) -> str:
        return self.name if self.sha256 is None else f"{self.name} ({self.sha256[:12]})"

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"name": self.name, "sha256": self.sha256}

    @classmethod
    def from_dict(cls, content: Any, where: str) -> Self:
        """Reads what `to_dict` wrote. Raises TfvcError, naming `where`, for anything else."""
        if not isinstance(content, dict) or content.keys() != {"name", "sha256"}:
            raise TfvcError(f"{where}: expected {{'name': ..., 'sha256': ...}}, received {content!r}")
        name, digest = content["name"], content["sha256"]
        if not isinstance(name, str) or not (digest is None or isinstance(digest, str)):
            raise TfvcError(f"{where}: name and sha256 must be texts, received {content!r}")
        return cls(name, digest)
