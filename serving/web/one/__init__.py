"""What the page of one account shows, made ready for its templates, and what is written there."""
