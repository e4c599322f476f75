"""Graphics cards: what reading them costs, and how well they are shared out."""
