"""Redemptions a second on a network of several organisations' nodes."""
