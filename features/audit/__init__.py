"""Whether the features, or the data under them, know what they could not have known."""
