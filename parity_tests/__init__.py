"""Tests that compare tfvc with PyTorch."""
