"""`.safetensors` files, bfloat16 and float8 among them, which safetensors itself does not give to NumPy."""

from pathlib import Path

import numpy as np

from tfvc.weights.errors import WeightError
from tfvc.weights.torch_reader.dtypes import DTYPES, TorchDtype
from tfvc.weights.torch_reader.kinds import HEAD, foreign_kind

# safetensors' names of element types (safetensors/src/tensor.rs); a file has them little-endian.
_DTYPES = {
    "F64": DTYPES["float64"],
    "F32": DTYPES["float32"],
    "F16": DTYPES["float16"],
    "BF16": DTYPES["bfloat16"],
    "F8_E4M3": DTYPES["float8_e4m3fn"],
    "F8_E5M2": DTYPES["float8_e5m2"],
    "F8_E4M3FNUZ": DTYPES["float8_e4m3fnuz"],
    "F8_E5M2FNUZ": DTYPES["float8_e5m2fnuz"],
    "I64": DTYPES["int64"],
    "I32": DTYPES["int32"],
    "I16": DTYPES["int16"],
    "I8": DTYPES["int8"],
    "U64": DTYPES["uint64"],
    "U32": DTYPES["uint32"],
    "U16": DTYPES["uint16"],
    "U8": DTYPES["uint8"],
    "BOOL": DTYPES["bool"],
    "C64": DTYPES["complex64"],
}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a file, in its order.

    Raises:
        WeightError: if it cannot be opened, is truncated or foreign, or has an element type that NumPy cannot hold.
    """
    from safetensors import SafetensorError, deserialize

    try:
        data = path.read_bytes()
        tensors = deserialize(data)
    except OSError as error:
        raise WeightError(f"{path}: cannot be read ({error.strerror})") from None
    except SafetensorError as error:
        raise WeightError(f"{path}: {_kind(data) or f'truncated or not a safetensors file ({error})'}") from None
    return {name: _array(f"{path}: {name}", tensor) for name, tensor in tensors}


def _kind(data: bytes) -> str | None:
    if data.startswith((b"PK", b"\x80")):
        return "a torch file, not safetensors; give it the suffix .pt"
    return foreign_kind(data[:HEAD], len(data))


def _array(where: str, tensor: dict) -> np.ndarray:
    dtype: TorchDtype | None = _DTYPES.get(tensor["dtype"])
    if dtype is None:
        raise WeightError(f"{where}: its type {tensor['dtype']} is none that NumPy can hold; save it as F32")
    array = np.frombuffer(tensor["data"], dtype.raw.newbyteorder("<")).astype(dtype.raw, copy=False)
    if dtype.widen is not None:
        raw, array = array, np.empty(array.shape, dtype.array)
        dtype.widen(raw, array)
    return array.reshape(tensor["shape"])
