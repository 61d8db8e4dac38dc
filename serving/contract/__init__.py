"""The contract of the API: its documents, the rules they keep, and what may change in them."""
