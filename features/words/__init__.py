"""What customers say, sorted sentence by sentence into categories and tones; a phrase shows why."""
