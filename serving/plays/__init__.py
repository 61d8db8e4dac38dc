"""Plays: what a team does about an account, to whom it is suggested, and what came of it."""
