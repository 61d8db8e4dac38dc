"""Whether plays made a difference: fair comparisons with intervals that hold, or none at all."""
