"""Slow, obvious numpy versions of every rule and attack, written from the papers' formulas."""
