-- The technician's Telegram account is gone; beside `blocked`, since who is switched off may be so too.
ALTER TABLE technicians ADD COLUMN gone boolean NOT NULL DEFAULT false;
ALTER TABLE technicians DROP CONSTRAINT technicians_state_check;
ALTER TABLE technicians ADD CONSTRAINT technicians_state_check
    CHECK (state IN ('active', 'blocked', 'gone', 'deactivated', 'deleted'));
