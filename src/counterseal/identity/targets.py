"""What thresholds are set to keep, unless a command says otherwise."""

from __future__ import annotations

TARGETS = {"A": 0.0006, "B": 0.0008, "C": 0.0008}
"""The bound that each class must keep: at most that share of identified requests is somebody else."""
MARGIN = 0.5
"""Bits by which a threshold is stricter than the loosest one that keeps its bound."""
