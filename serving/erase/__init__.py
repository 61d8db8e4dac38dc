"""`forewarn erase`: an account or a person out of everything that forewarn keeps, for good."""
