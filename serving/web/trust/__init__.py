"""The page for whoever must decide whether to trust the model: what it shows, and how."""
