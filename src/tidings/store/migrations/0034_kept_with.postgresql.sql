-- What people say and answer is kept in one call with its events, and the hot functions are planned once.

-- With plans for the very arrays, each call of a small batch was planned anew.
ALTER FUNCTION keep SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION settle SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION claim SET plan_cache_mode = force_generic_plan;

-- Keep events as `keep` does, together with messages and first responses: all of it, or nothing.
-- Raises an integrity error if an action is closed or gone, or somebody has responded already.
CREATE FUNCTION keep_with(
    expected BIGINT, who BIGINT,
    types TEXT[], ats BIGINT[], sources TEXT[], wire_ids TEXT[], subject_lists TEXT[], actors TEXT[], datas TEXT[],
    owed_places INTEGER[], owed_subscriptions BIGINT[], owed_keys TEXT[], owed_owners BIGINT[],
    key_places INTEGER[], key_connectors TEXT[], key_texts TEXT[], key_hashes BYTEA[], key_deliveries BIGINT[],
    message_ids TEXT[], message_groups TEXT[], message_authors TEXT[], message_texts TEXT[], message_replies TEXT[],
    message_audiences TEXT[], message_ats BIGINT[],
    counted_ids TEXT[], counted_mores BIGINT[], counted_ats BIGINT[],
    response_ids TEXT[], response_actions TEXT[], response_groups TEXT[], responders TEXT[],
    response_connectors TEXT[], soles TEXT[], answer_lists TEXT[], response_ats BIGINT[]
) RETURNS TABLE (place INTEGER, id BIGINT, is_same BOOLEAN, wire_id TEXT, deliveries BIGINT) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    made INTEGER;
BEGIN
    -- First, because it holds the subscriptions; whoever changes those holds them before any row.
    RETURN QUERY SELECT kept.place, kept.id, kept.is_same, kept.wire_id, kept.deliveries FROM keep(
        expected, who, types, ats, sources, wire_ids, subject_lists, actors, datas,
        owed_places, owed_subscriptions, owed_keys, owed_owners,
        key_places, key_connectors, key_texts, key_hashes, key_deliveries
    ) AS kept;
    IF cardinality(message_ids) > 0 THEN
        INSERT INTO message (id, group_id, author, text, reply_to, audience, at)
            SELECT * FROM unnest(
                message_ids, message_groups, message_authors, message_texts, message_replies, message_audiences,
                message_ats
            );
    END IF;
    IF cardinality(counted_ids) > 0 THEN
        -- In one order everywhere, that of `_waits_for` too, so that processes wait for each other instead of deadlocking.
        PERFORM FROM action WHERE action.id = ANY (counted_ids) ORDER BY action.id COLLATE "C" FOR NO KEY UPDATE;
        UPDATE action SET
            responses = action.responses + c.more,
            changed_at = greatest(action.changed_at, c.at)
        FROM (
            SELECT c.id, sum(c.more) AS more, max(c.at) AS at
            FROM unnest(counted_ids, counted_mores, counted_ats) AS c (id, more, at) GROUP BY c.id
        ) AS c
        WHERE action.id = c.id AND action.is_closed = 0;
        GET DIAGNOSTICS made = ROW_COUNT;
        IF made < (SELECT count(DISTINCT c.id) FROM unnest(counted_ids) AS c (id)) THEN
            RAISE EXCEPTION 'an action takes no responses' USING ERRCODE = '23000';
        END IF;
        INSERT INTO response (
            id, action, group_id, responder, connector, sole, answers, updates, created_at, changed_at
        )
            SELECT r.id, r.action, r.group_id, r.responder, r.connector, r.sole, r.answers, 0, r.at, r.at
            FROM unnest(
                response_ids, response_actions, response_groups, responders, response_connectors, soles, answer_lists,
                response_ats
            ) AS r (id, action, group_id, responder, connector, sole, answers, at)
            ON CONFLICT (action, sole) WHERE sole IS NOT NULL DO NOTHING;
        GET DIAGNOSTICS made = ROW_COUNT;
        IF made < cardinality(response_ids) THEN
            RAISE EXCEPTION 'somebody has responded already' USING ERRCODE = '23000';
        END IF;
    END IF;
END
$$;
