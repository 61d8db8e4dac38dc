"""Questions that are put to customers in the same neutral words each time, and their answers."""
