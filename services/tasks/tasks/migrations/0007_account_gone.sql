-- The technician's Telegram account is gone; beside `blocked`, since who is switched off may be so too.
ALTER TABLE technicians ADD COLUMN gone boolean NOT NULL DEFAULT false;
