-- A logo is kept as pixels alone. Those from before came as they were, and are drawn anew at the next start.

-- Of today's: the hash of the file that its event holds, and of its pixels. A version before writes neither, so that
-- `drawn` is another hash than the image's wherever it wrote last.
ALTER TABLE logo ADD COLUMN source text, ADD COLUMN drawn text;

-- Whether the image is pixels alone; empty where it could not be decoded.
ALTER TABLE logos ADD COLUMN drawn boolean NOT NULL DEFAULT false;
