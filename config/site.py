"""The back office's shell."""

UNFOLD = {}
