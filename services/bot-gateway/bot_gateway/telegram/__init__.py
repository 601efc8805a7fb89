"""All that speaks with Telegram."""
