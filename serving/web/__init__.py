"""The pages for customer success managers and for whoever must trust the model."""
