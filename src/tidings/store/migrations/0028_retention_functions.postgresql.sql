-- As before, but what is still owed of the day is looked for lane by lane: a million debts were read one after the other,
-- while everybody who publishes waits.
CREATE OR REPLACE FUNCTION drop_day(before BIGINT, most INTEGER) RETURNS BIGINT LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    day TEXT;
    ends BIGINT;
    parent TEXT;
    counted BIGINT := 0;
BEGIN
    SELECT min(right(relname, 8)) INTO day FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent IN (CAST('event' AS regclass), CAST('attempt' AS regclass));
    ends := extract(epoch FROM to_date(day, 'YYYYMMDD') + 1) * 1000;
    IF day IS NULL OR ends > before THEN
        RETURN NULL;
    END IF;
    -- Everybody who publishes waits while we wait.
    PERFORM set_config('lock_timeout', '200ms', true);
    LOCK TABLE ONLY event, ONLY attempt IN ACCESS EXCLUSIVE MODE;
    IF owes_before(ends << 20) THEN
        -- Owed anew (a replay) since the debts were cancelled: another time.
        RETURN NULL;
    END IF;
    FOREACH parent IN ARRAY ARRAY['event', 'attempt'] LOOP
        CONTINUE WHEN to_regclass(parent || '_' || day) IS NULL;
        IF parent = 'event' THEN
            EXECUTE format('SELECT count(*) FROM (SELECT FROM %I LIMIT %s) AS one', parent || '_' || day, most)
                INTO counted;
        END IF;
        EXECUTE format('DROP TABLE %I', parent || '_' || day);
    END LOOP;
    RETURN counted;
END
$$;

-- Whether anything before that identifier is owed: one step of the key a lane.
CREATE FUNCTION owes_before(bound BIGINT) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    WITH RECURSIVE lane AS (
        SELECT min(subscription) AS subscription FROM owed
        UNION ALL
        SELECT (SELECT min(owed.subscription) FROM owed WHERE owed.subscription > lane.subscription)
        FROM lane WHERE lane.subscription IS NOT NULL
    )
    SELECT EXISTS (
        SELECT FROM lane
        WHERE (SELECT min(owed.event) FROM owed WHERE owed.subscription = lane.subscription) < bound
    )
$$;
