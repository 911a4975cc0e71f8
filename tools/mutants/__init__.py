"""Small faults put into the contracts, one at a time, and whether the tests notice: `make mutants`."""
