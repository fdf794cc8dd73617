"""How the bundled checkpoints are trained with PyTorch on a GPU; `tfvc import-torch` takes what they write."""
