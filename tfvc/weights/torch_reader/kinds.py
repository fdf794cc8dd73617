"""What a file is when it is not torch's, told by its first bytes."""

_MAGIC = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file; weights that Keras saved come in with tfvc import-h5",
    b"version https://git-lfs": "a pointer of git-lfs, not the file it stands for; run git lfs pull where it came from",
    b"\x1f\x8b": "compressed with gzip, perhaps a .tar.gz; unpack it and read what is in it",
    b"BZh": "compressed with bzip2; unpack it and read what is in it",
    b"\xfd7zXZ\x00": "compressed with xz; unpack it and read what is in it",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; unpack it and read what is in it",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it and read what is in it",
    b"Rar!": "a RAR archive; unpack it and read what is in it",
    b"\x93NUMPY": "an .npy of NumPy; only what torch saved is read",
    b"GGUF": "a GGUF file; only what torch saved is read",
}

# What lay in the tar that torch wrote before 0.1.10, in the order of writing.
_OLDEST = (b"sys_info", b"pickle", b"tensors", b"storages")

HEAD = 4096  # bytes that `foreign_kind` wants to see


def foreign_kind(head: bytes, size: int) -> str | None:
    """What a file is and what to do, None where it may be torch's.

    Args:
        head: its first `HEAD` bytes, or all there are.
        size: its length in bytes.
    """
    if not head:
        return "empty; get the file again"
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head[257:262] == b"ustar":
        if head[:100].rstrip(b"\x00") in _OLDEST:
            return "the tar that torch wrote before 0.1.10; open it with an old torch and save it anew"
        return "a tar archive (a .nemo is one too); unpack it and read the checkpoint in it"
    if 2 <= int.from_bytes(head[:8], "little") <= size - 8 and head[8:9] == b"{":
        return "a safetensors file; give it the suffix .safetensors"
    return _kind_of_text(head.lstrip(b"\xef\xbb\xbf \t\r\n"))


def _kind_of_text(text: bytes) -> str | None:
    if text[:1] == b"<":
        return "an HTML page, not the file it should lead to; download the file itself"
    if text[:1] in (b"{", b"[") and b'"weight_map"' in text:
        return "the index of a checkpoint in several files; read each of the files it names"
    if text[:1] in (b"{", b"["):
        return "JSON, not weights; give the file with the weights"
    return None
