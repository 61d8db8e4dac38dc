"""How the service lives: what it tells about itself, and how it goes."""
