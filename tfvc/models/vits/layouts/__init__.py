"""The layouts of others: their state dicts and configurations become upstream's."""
