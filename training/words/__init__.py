"""Sorting sentences by what they mean: a classifier of embeddings, and what the sorting is worth."""
