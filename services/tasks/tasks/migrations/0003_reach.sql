-- Switched off by the office, blocked by the technician: each comes and goes by itself. `status` tells the first of
-- them that holds; who is switched off may have blocked the bot too.
ALTER TABLE technicians ADD COLUMN blocked boolean NOT NULL DEFAULT false;
UPDATE technicians SET blocked = true WHERE status = 'blocked';
