"""Redemptions a second, to final receipt and indexed."""
