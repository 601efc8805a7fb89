-- Switched off by the office, blocked by the technician: each comes and goes by itself, and `status` is what follows.
ALTER TABLE technicians ADD COLUMN deactivated boolean NOT NULL DEFAULT false;
ALTER TABLE technicians ADD COLUMN blocked boolean NOT NULL DEFAULT false;
UPDATE technicians SET deactivated = (status = 'deactivated'), blocked = (status = 'blocked');
