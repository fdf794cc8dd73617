"""Optimizers, schedules and clipping as torch has them."""
