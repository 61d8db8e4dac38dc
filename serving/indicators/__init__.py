"""Indicators as they are published with a batch, and read back."""
