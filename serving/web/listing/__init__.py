"""The parts of the list of accounts."""
