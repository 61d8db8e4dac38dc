"""What people write about accounts: feedback, pulses, interventions. No score is made from it."""
