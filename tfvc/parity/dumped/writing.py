"""Writes what one side computes."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from tfvc.common.atomic import atomic_dir
from tfvc.common.errors import TfvcError
from tfvc.common.json_file import write_object
from tfvc.parity.dumped.header import Given, Header, LayerOf, Tensor, sha256
from tfvc.parity.findings.stage import Stage

HEADER, FLOAT64, FLOAT32 = "dump.json", "float64.safetensors", "float32.safetensors"
Arrays = Mapping[str, np.ndarray]


class Dump:
    """A folder with what one side computes, for `tfvc parity judge`; it appears whole, at the end, or not at all.

        with Dump("ours", case="denoiser", versions={"tensorflow": tf.__version__}) as dump:
            dump.give(inputs={"x": x}, weights=weights)
            dump.add(Stage(Phase.FORWARD, StageKind.OUTPUTS), {"y": y64}, {"y": y32})

    Args:
        folder: to write; it must not be there yet.
        case: what is compared.
        versions: package -> version.
        more: further fields of `Header`.

    Raises:
        TfvcError: if the folder exists.
    """

    def __init__(self, folder: str | os.PathLike, case: str, versions: Mapping[str, str], **more: Any):
        self.folder = Path(folder)
        if self.folder.exists():
            raise TfvcError(f"{self.folder} exists; name another folder, or remove it")
        self._fields: dict[str, Any] = {"case": case, "versions": dict(versions), **more}
        self._given: list[Given] = []
        self._tensors: list[Tensor] = []
        self._layers: dict[str, LayerOf] = {}
        self._float64: dict[str, np.ndarray] = {}
        self._float32: dict[str, np.ndarray] = {}
        self._keys: dict[bytes, str] = {}

    def __enter__(self) -> "Dump":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._write()

    def give(self, inputs: Arrays | None = None, weights: Arrays | None = None, step: int | None = None) -> None:
        """Says what is computed from: both sides have to name the same, with the same numbers.

        Args:
            inputs, weights: by name; weights in a layout that both sides share.
            step: of training, for the inputs of a step behind the first.
        """
        for which, arrays in (("input", inputs or {}), ("weight", weights or {})):
            for name, array in arrays.items():
                array = np.asarray(array)
                given = Given(kind=which, name=name, sha256=sha256(array), shape=array.shape, step=step)
                self._given.append(given)

    def layer(self, path: str, kind: str = "", beside: str | None = None, keys: Sequence[str] = ()) -> None:
        """Names a layer; layers are named in the order of computation. See `LayerOf`."""
        self._layers.setdefault(path, LayerOf(path=path, kind=kind, beside=beside, keys=tuple(keys)))

    def add(
        self,
        stage: Stage,
        float64: Arrays | None = None,
        float32: Arrays | None = None,
        layer: str | None = None,
        call: int = 1,
        axes: Mapping[str, str] | None = None,
    ) -> None:
        """Tensors of one stage, in both precisions or in the one that there is.

        Args:
            stage: what they are; stages are added in the order of computation.
            float64, float32: the tensors by name; squares of optimizers as they are.
            layer, call: of a layer's tensors (`input`, `output`, `output.1`, ...) its path, which `layer` has to name,
                and which of its calls.
            axes: name -> names of its axes, such as "batch channels time".
        """
        for name in dict.fromkeys([*(float64 or {}), *(float32 or {})]):
            pair = [None if of is None or name not in of else np.asarray(of[name]) for of in (float64, float32)]
            self._tensors.append(
                Tensor(
                    tensor=self._kept(pair, f"{len(self._tensors)} {stage.phase}/{stage.kind}/{layer or ''}/{name}"),
                    phase=stage.phase,
                    stage=stage.kind,
                    name=name,
                    turn=stage.turn,
                    step=stage.step,
                    layer=layer,
                    call=call,
                    axes=(axes or {}).get(name),
                )
            )

    def note(self, **fields: Any) -> None:
        """Sets further fields of `Header`."""
        self._fields |= fields

    def _kept(self, pair: Sequence[np.ndarray | None], key: str) -> str:
        """The key that a tensor is kept under; one that is there already, such as what the layer before gave, once."""
        digest = hashlib.sha256()
        for array in pair:
            digest.update(b"none" if array is None else f"{array.dtype} {array.shape}".encode())
            digest.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
        known = self._keys.setdefault(digest.digest(), key)
        if known == key:
            for kept, array in zip((self._float64, self._float32), pair, strict=True):
                if array is not None:
                    # A copy: a framework may write another result where this one lies.
                    kept[key] = np.array(array, order="C")
        return known

    def _write(self) -> None:
        from safetensors.numpy import save_file

        layers = tuple(self._layers.values())
        header = Header(given=tuple(self._given), tensors=tuple(self._tensors), layers=layers, **self._fields)
        with atomic_dir(self.folder) as temporary:
            content = header.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            write_object(temporary / HEADER, {"format": header.format, **content})
            for name, arrays in ((FLOAT64, self._float64), (FLOAT32, self._float32)):
                if arrays:
                    save_file(arrays, temporary / name)
                    # safetensors makes private files.
                    shutil.copymode(temporary / HEADER, temporary / name)
