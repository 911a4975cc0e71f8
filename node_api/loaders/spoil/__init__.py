"""A copy of an import folder with redemptions that must be refused, each with the reason expected for it."""
