"""What is known of an account beside its risk: its people, its goals, and what happened there."""
