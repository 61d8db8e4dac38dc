"""The health score: a documented composite of what is known, never mixed with the risk."""
