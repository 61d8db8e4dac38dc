"""One file for each schema that was ever released; what is released is never changed."""
