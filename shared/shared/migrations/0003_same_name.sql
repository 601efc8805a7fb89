-- Two names that a person reads as one: without regard to case, spaces, or how an accent is composed (Unicode NFC).
-- Upper case first, since letters that differ in lower case alone meet there.
CREATE FUNCTION same_name(shown text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT normalize(
        replace(lower(upper(normalize(btrim(regexp_replace(shown, '\s+', ' ', 'g')), NFC))), 'ß', 'ss'), NFC)
$$;
