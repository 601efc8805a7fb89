-- Whether the technician had accepted when the offer ended: then an edit, for which Telegram does not ring, is too quiet.
ALTER TABLE offers ADD COLUMN agreed boolean NOT NULL DEFAULT false;
UPDATE offers SET agreed = true WHERE state IN ('accepted', 'in_progress');
