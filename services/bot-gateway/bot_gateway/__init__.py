"""The bot, its technicians and every delivery to them."""
