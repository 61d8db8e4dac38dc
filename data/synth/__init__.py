"""A synthetic company whose customers leave for known reasons."""
