"""`forewarn run`: from a source to a published batch, alone, in steps that may be repeated."""
