"""The seeded data set: invented people and goods, and one order per number, the same for the same seed."""
