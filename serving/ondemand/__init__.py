"""Scoring on demand: the rows of some accounts in, their risk with reasons out."""
