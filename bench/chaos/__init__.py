"""The fault simulator: a real node on a real chain, faults between them and a killer beside them, all drawn from one seed."""
