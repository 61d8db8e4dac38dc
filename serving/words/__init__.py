"""What customers said, as it is published with their account and told once a week."""
