"""The model in use: scoring, publishing, explaining and serving risk."""
