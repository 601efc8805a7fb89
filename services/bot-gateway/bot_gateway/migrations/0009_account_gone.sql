-- The technician's Telegram account was deleted or closed: nothing arrives, as if they had blocked the bot.
ALTER TABLE technicians ADD COLUMN gone boolean NOT NULL DEFAULT false;
