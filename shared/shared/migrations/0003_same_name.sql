-- Two names that a person reads as one: without regard to case, spaces, or how an accent is composed (Unicode NFC).
-- Upper case first, since letters that differ in lower case alone meet there.
-- A database that was made in another encoding than UTF-8 can't compose accents: there each way of writing is a name.
CREATE FUNCTION same_name(shown text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    shown := btrim(regexp_replace(shown, '\s+', ' ', 'g'));
    IF getdatabaseencoding() <> 'UTF8' THEN
        RETURN replace(lower(upper(shown)), 'ß', 'ss');
    END IF;
    RETURN normalize(replace(lower(upper(normalize(shown, NFC))), 'ß', 'ss'), NFC);
END
$$;
