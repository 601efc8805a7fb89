-- What happened stays. The events of each service belong to the role `history`, whom nobody logs in as:
-- the service's own role reads them and appends to them, and can neither change nor drop them.
-- Run by the superuser; repeatable.

DO $$
BEGIN
    CREATE ROLE history NOLOGIN;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- Called by a migration of each journal, as that service's role; it only takes rights away from its caller.
CREATE OR REPLACE FUNCTION public.seal_history() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $seal$
DECLARE
    service name := session_user; -- each role owns the schema of its own name
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO history', service);
    EXECUTE format('ALTER TABLE %I.events OWNER TO history', service);
    EXECUTE format('REVOKE ALL ON %I.events FROM %I', service, service);
    EXECUTE format('GRANT SELECT, INSERT ON %I.events TO %I', service, service);
    -- Whoever may replace a trigger's function acts with the rights of those who fire it.
    EXECUTE format('ALTER FUNCTION %I.keep_history() OWNER TO history', service);
    -- The one change that there is: where the last event of a client's stream says that they were erased, their name goes.
    EXECUTE format($create$
        CREATE OR REPLACE FUNCTION %1$I.redact_history(redacted text, types text[], field text) RETURNS void
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $redact$
        BEGIN
            IF redacted NOT LIKE 'client.%%' OR field <> 'name' OR 'ClientErased' IS DISTINCT FROM
                (SELECT type FROM %1$I.events WHERE stream = redacted ORDER BY version DESC LIMIT 1)
            THEN
                RAISE EXCEPTION 'nobody was erased in %%', redacted;
            END IF;
            PERFORM set_config('callout.redacting', redacted, true);
            UPDATE %1$I.events SET data = jsonb_set(data, ARRAY[field], '""')
                WHERE stream = redacted AND type = ANY(types);
            PERFORM set_config('callout.redacting', '', true);
        END $redact$
    $create$, service);
    EXECUTE format('ALTER FUNCTION %I.redact_history(text, text[], text) OWNER TO history', service);
    EXECUTE format('REVOKE ALL ON FUNCTION %I.redact_history(text, text[], text) FROM PUBLIC', service);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %I.redact_history(text, text[], text) TO %I', service, service);
END $seal$;

-- The owner of a schema may drop what stands in it, whoever owns that.
CREATE OR REPLACE FUNCTION public.history_stays() RETURNS event_trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    dropped record;
BEGIN
    IF current_setting('is_superuser')::boolean THEN
        RETURN;
    END IF;
    FOR dropped IN SELECT * FROM pg_event_trigger_dropped_objects() LOOP
        IF dropped.address_names[2] IN ('events', 'keep_history', 'redact_history') THEN
            RAISE EXCEPTION 'the journal is append-only' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END LOOP;
END $$;

DROP EVENT TRIGGER IF EXISTS history_stays;
CREATE EVENT TRIGGER history_stays ON sql_drop EXECUTE FUNCTION public.history_stays();
