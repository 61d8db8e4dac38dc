"""Sorting sentences by what they mean, and what either way of sorting is worth."""
