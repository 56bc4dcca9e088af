-- What a dead owner held is found by itself, not among all that is owed; and who was away itself declares nobody dead.

CREATE INDEX owed_owned ON owed (owner) WHERE owner <> 0;

-- Since when an owner has beaten without a gap.
ALTER TABLE owner ADD COLUMN since BIGINT NOT NULL DEFAULT instant();

-- Say that an owner lives, and take the debts of those back who have not said so for 10 s; their numbers.
-- While nobody reaches the database, nobody can beat; so whoever is first to reach it again waits for the others: 15 s, for
-- they may be waiting for an answer that never comes, which takes them 10 s, and then for their next beat. A gap is what
-- is longer than 5 s: no owner sends on an older beat.
CREATE OR REPLACE FUNCTION beat(who BIGINT) RETURNS BIGINT[] LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    now CONSTANT BIGINT := instant();
    without_gap BIGINT;
    dead BIGINT[] := '{}';
    one BIGINT;
BEGIN
    UPDATE owner SET beat = now, since = CASE WHEN owner.beat < now - 5000 THEN now ELSE owner.since END
    WHERE id = who RETURNING now - since INTO without_gap;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'owner % was declared dead', who USING ERRCODE = 'TD002';
    END IF;
    IF without_gap < 15000 THEN
        RETURN dead;
    END IF;
    FOR one IN SELECT id FROM owner WHERE owner.beat < now - 10000 ORDER BY id LOOP
        -- One that is just keeping or claiming something is left for the next beat.
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(29802, CAST(one AS INTEGER));
        DELETE FROM owner WHERE id = one AND owner.beat < now - 10000;
        IF FOUND THEN
            dead := dead || one;
            UPDATE owed SET owner = 0 WHERE owner = one AND owner <> 0;
        END IF;
    END LOOP;
    RETURN dead;
END
$$;

-- End an owner; its debts go back.
CREATE OR REPLACE FUNCTION retire(who BIGINT) RETURNS VOID LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(29802, CAST(who AS INTEGER));
    DELETE FROM owner WHERE id = who;
    UPDATE owed SET owner = 0 WHERE owner = who AND owner <> 0;
END
$$;
