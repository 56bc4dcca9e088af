-- The functions that make each hot method one round trip, and one transaction.
--
-- Those that look for single rows forbid the plans that read whole tables: statistics lag behind tables that are empty at
-- one moment and hold a million rows at the next, and plans are kept.
-- Advisory locks: (29801, 1) subscriptions, (29801, 2) partitions, (29801, 3) migrations, (29802, owner) an owner.
-- Errors: TD001 the subscriptions changed, TD002 the owner was declared dead.
-- Who changes a function's parameters or results gives the new one another name: older code calls the old one.

-- Identifiers in rising order, for events or attempts that are inserted together.
CREATE FUNCTION new_identifiers(most INTEGER) RETURNS BIGINT[] LANGUAGE plpgsql AS $$
DECLARE
    high CONSTANT BIGINT := instant() << 20;
BEGIN
    -- Sorted, because the sequence's low bits may begin anew in the middle of a batch.
    RETURN ARRAY(
        SELECT high | (nextval('identifier_sequence') & 1048575) FROM generate_series(1, most) ORDER BY 1
    );
END
$$;

-- Partitions for today and so many days ahead; until which instant there are some now.
CREATE FUNCTION make_partitions(days INTEGER) RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    today CONSTANT BIGINT := instant() / 86400000;
    day BIGINT;
    parent TEXT;
    part TEXT;
BEGIN
    PERFORM pg_advisory_xact_lock(29801, 2);
    FOR day IN SELECT generate_series(today, today + days) LOOP
        FOREACH parent IN ARRAY ARRAY['event', 'attempt'] LOOP
            part := parent || to_char(to_timestamp(day * 86400) AT TIME ZONE 'UTC', '_YYYYMMDD');
            CONTINUE WHEN to_regclass(part) IS NOT NULL;
            -- Attaching, unlike CREATE … PARTITION OF, does not stop those who are writing.
            EXECUTE format('CREATE TABLE %I (LIKE %I)', part, parent);
            EXECUTE format(
                'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
                parent, part, (day * 86400000) << 20, ((day + 1) * 86400000) << 20
            );
        END LOOP;
    END LOOP;
    RETURN (today + days + 1) * 86400000;
END
$$;

-- Nobody can declare this owner dead before our transaction ends; says so if that has happened already.
CREATE FUNCTION hold_owner(who BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(29802, CAST(who AS INTEGER));
    IF NOT EXISTS (SELECT FROM owner WHERE id = who) THEN
        RAISE EXCEPTION 'owner % was declared dead', who USING ERRCODE = 'TD002';
    END IF;
END
$$;

-- The subscriptions stay at that version until our transaction ends; says so if they are at another already.
CREATE FUNCTION hold_subscriptions(expected BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever changes subscriptions holds this lock alone. The version is read by a statement of its own, because its
    -- snapshot must be newer than the lock.
    PERFORM pg_advisory_xact_lock_shared(29801, 1);
    IF expected <> (SELECT version FROM subscription_version) THEN
        RAISE EXCEPTION 'the subscriptions changed' USING ERRCODE = 'TD001';
    END IF;
END
$$;

-- Keep events with their debts and keys. One row an event that is kept (its place in the batch and its id), and one row
-- for every key that is known already: its publication is not kept, and the caller says whether it is a duplicate.
CREATE FUNCTION keep(
    expected BIGINT, who BIGINT,
    types TEXT[], ats BIGINT[], sources TEXT[], wire_ids TEXT[], subject_lists TEXT[], actors TEXT[], datas TEXT[],
    owed_places INTEGER[], owed_subscriptions BIGINT[], owed_keys TEXT[], owed_owners BIGINT[],
    key_places INTEGER[], key_connectors TEXT[], key_texts TEXT[], key_hashes BYTEA[], key_deliveries BIGINT[]
) RETURNS TABLE (place INTEGER, id BIGINT, is_same BOOLEAN, wire_id TEXT, deliveries BIGINT) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    ids BIGINT[];
    known INTEGER[] := '{}';
    made INTEGER;
BEGIN
    PERFORM hold_subscriptions(expected);
    IF who <> 0 AND who = ANY (owed_owners) THEN
        PERFORM hold_owner(who);
    END IF;
    ids := new_identifiers(cardinality(types));
    IF cardinality(key_places) > 0 THEN
        FOR place, id, is_same, wire_id, deliveries IN
            SELECT k.place, p.event, p.hash = k.hash, p.wire_id, p.deliveries
            FROM unnest(key_places, key_connectors, key_texts, key_hashes) AS k (place, connector, key, hash)
            JOIN publication_key AS p ON p.connector = k.connector AND p.key = k.key
        LOOP
            known := known || place;
            RETURN NEXT;
        END LOOP;
        INSERT INTO publication_key (connector, key, hash, event, wire_id, deliveries, at)
            SELECT k.connector, k.key, k.hash, ids[k.place], wire_ids[k.place], k.deliveries, ats[k.place]
            FROM unnest(key_places, key_connectors, key_texts, key_hashes, key_deliveries)
                AS k (place, connector, key, hash, deliveries)
            WHERE k.place <> ALL (known)
            -- In one order everywhere, so that two processes with the same keys wait instead of deadlocking.
            ORDER BY k.connector, k.key
            ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS made = ROW_COUNT;
        IF made < (SELECT count(*) FROM unnest(key_places) AS k (place) WHERE k.place <> ALL (known)) THEN
            RAISE EXCEPTION 'another process took a key meanwhile' USING ERRCODE = '40001';
        END IF;
    END IF;
    INSERT INTO event (id, type, at, source, wire_id, subjects, actor, data)
        SELECT e.id, e.type, e.at, e.source, e.wire_id, e.subjects, e.actor, e.data
        FROM unnest(ids, types, ats, sources, wire_ids, subject_lists, actors, datas) WITH ORDINALITY
            AS e (id, type, at, source, wire_id, subjects, actor, data, place)
        WHERE e.place <> ALL (known);
    INSERT INTO owed (event, subscription, due, owner, order_key)
        SELECT ids[o.place], o.subscription, ats[o.place], o.owner, o.order_key
        FROM unnest(owed_places, owed_subscriptions, owed_keys, owed_owners)
            AS o (place, subscription, order_key, owner)
        WHERE o.place <> ALL (known);
    RETURN QUERY
        SELECT CAST(e.place AS INTEGER), e.id, NULL::BOOLEAN, NULL, NULL::BIGINT
        FROM unnest(ids) WITH ORDINALITY AS e (id, place)
        WHERE e.place <> ALL (known);
END
$$;

-- Record attempts and what they make of the debts. `finishing`: 0 the delivery goes on, 1 it is finished whoever says
-- so (a success), 2 it is finished if the debt is still the owner's. One attempt of a finished delivery is final.
CREATE FUNCTION settle(
    who BIGINT,
    events BIGINT[], subscriptions BIGINT[], ats BIGINT[], outcomes TEXT[], states TEXT[], probes SMALLINT[],
    statuses BIGINT[], errors TEXT[], addresses TEXT[], header_lists TEXT[], answers BYTEA[], timing_lists TEXT[],
    next_ats BIGINT[], finishing SMALLINT[], dues BIGINT[], tries_made BIGINT[], first_ats BIGINT[],
    lanes BIGINT[], lanes_delivered BIGINT[], lanes_failed BIGINT[], lanes_succeeded BIGINT[], lanes_refused BIGINT[],
    circuits TEXT[]
) RETURNS VOID LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    finals SMALLINT[] := array_fill(CAST(0 AS SMALLINT), ARRAY[cardinality(events)]);
    finished BIGINT;
    said TEXT;
BEGIN
    FOR finished IN
        DELETE FROM owed USING unnest(subscriptions, events, finishing) WITH ORDINALITY AS s (subscription, event, how, place)
        WHERE owed.subscription = s.subscription AND owed.event = s.event
            AND (s.how = 1 OR s.how = 2 AND owed.owner = who)
        RETURNING s.place
    LOOP
        finals[finished] := 1;
    END LOOP;
    -- Successes of which nothing was owed any more: they have the last word, unless another success had it.
    FOR finished IN
        SELECT place FROM unnest(finishing, finals) WITH ORDINALITY AS s (how, final, place) WHERE how = 1 AND final = 0
    LOOP
        -- It may have been reported twice at once.
        CONTINUE WHEN EXISTS (
            SELECT FROM unnest(subscriptions, events, finals) AS s (subscription, event, final)
            WHERE s.subscription = subscriptions[finished] AND s.event = events[finished] AND s.final = 1
        );
        SELECT a.state INTO said FROM attempt AS a
        WHERE a.subscription = subscriptions[finished] AND a.event = events[finished] AND a.is_final = 1
            AND a.id > events[finished] LIMIT 1;
        CONTINUE WHEN said = 'delivered';
        UPDATE attempt AS a SET is_final = 0
        WHERE a.subscription = subscriptions[finished] AND a.event = events[finished] AND a.is_final = 1
            AND a.id > events[finished];
        finals[finished] := 1;
    END LOOP;
    IF 0 = ANY (finishing) THEN
        UPDATE owed SET due = s.due, tries = s.tries, first_at = s.first_at, owner = 0
        FROM unnest(subscriptions, events, finishing, dues, tries_made, first_ats)
            AS s (subscription, event, how, due, tries, first_at)
        WHERE owed.subscription = s.subscription AND owed.event = s.event AND s.how = 0 AND owed.owner = who;
    END IF;
    INSERT INTO attempt (
        id, event, subscription, at, outcome, state, is_final, is_probe, status, error, address, headers, answer,
        timings, next_at
    )
        SELECT * FROM unnest(
            new_identifiers(cardinality(events)), events, subscriptions, ats, outcomes, states, finals, probes,
            statuses, errors, addresses, header_lists, answers, timing_lists, next_ats
        );
    -- Last, because a busy lane is what processes wait for each other at; in one order, so that they do not deadlock.
    INSERT INTO lane (subscription, delivered, failed, succeeded_at, refused_at, circuit)
        SELECT * FROM unnest(lanes, lanes_delivered, lanes_failed, lanes_succeeded, lanes_refused, circuits) ORDER BY 1
        ON CONFLICT (subscription) DO UPDATE SET
            delivered = lane.delivered + excluded.delivered,
            failed = lane.failed + excluded.failed,
            succeeded_at = greatest(lane.succeeded_at, excluded.succeeded_at),
            refused_at = greatest(lane.refused_at, excluded.refused_at),
            circuit = CASE WHEN excluded.circuit = '' THEN lane.circuit ELSE excluded.circuit END;
END
$$;

-- The first debt of each order key of a lane, for so many keys (NULL: all), and debts without a key that are nobody's.
CREATE FUNCTION heads(lane BIGINT, keys INTEGER, most INTEGER)
RETURNS TABLE (event BIGINT, due BIGINT, owner BIGINT, order_key TEXT) LANGUAGE sql STABLE AS $$
    WITH RECURSIVE head AS (
        (
            SELECT event, due, owner, order_key FROM owed
            WHERE subscription = lane AND order_key IS NOT NULL ORDER BY order_key, event LIMIT 1
        )
        UNION ALL
        SELECT next.* FROM head CROSS JOIN LATERAL (
            SELECT event, due, owner, order_key FROM owed
            WHERE subscription = lane AND order_key > head.order_key ORDER BY order_key, event LIMIT 1
        ) AS next
    )
    (SELECT event, due, owner, order_key FROM head LIMIT keys)
    UNION ALL
    (
        SELECT event, due, owner, order_key FROM owed
        WHERE subscription = lane AND owner = 0 AND order_key IS NULL ORDER BY due, event LIMIT most
    )
$$;

-- The same heads as far as they are due and nobody's, found from the oldest debts of the lane.
CREATE FUNCTION near_heads(lane BIGINT, most INTEGER, now BIGINT) RETURNS SETOF BIGINT LANGUAGE sql STABLE AS $$
    WITH near AS (
        SELECT event, due, order_key FROM owed
        WHERE subscription = lane AND owner = 0 AND due <= now ORDER BY due, event LIMIT 4 * most
    ), head AS (
        SELECT event, due FROM near WHERE order_key IS NULL
        UNION ALL
        SELECT oldest.event, oldest.due
        FROM (SELECT DISTINCT order_key FROM near WHERE order_key IS NOT NULL) AS keys
        CROSS JOIN LATERAL (
            SELECT event, due, owner FROM owed
            WHERE subscription = lane AND order_key = keys.order_key ORDER BY order_key, event LIMIT 1
        ) AS oldest
        WHERE oldest.owner = 0 AND oldest.due <= now
    )
    SELECT event FROM head ORDER BY due, event LIMIT most
$$;

-- What an ordered lane may send now, the oldest first, and when it may send more.
CREATE FUNCTION next_in_order(lane BIGINT, most INTEGER, now BIGINT, OUT ready BIGINT[], OUT again BIGINT)
LANGUAGE plpgsql AS $$
DECLARE
    -- A guess: so many keys are looked up in a millisecond.
    few CONSTANT INTEGER := 256;
    bound INTEGER;
    keys INTEGER;
BEGIN
    FOREACH bound IN ARRAY ARRAY[few, NULL] LOOP
        SELECT count(order_key), array_agg(event ORDER BY due, event) FILTER (WHERE owner = 0 AND due <= now),
            min(due) FILTER (WHERE owner = 0 AND due > now)
        INTO keys, ready, again FROM heads(lane, bound, most + 1);
        EXIT WHEN keys < few OR bound IS NULL;
        -- Many keys: the oldest debts give enough of them, unless most wait behind another.
        ready := ARRAY(SELECT near_heads(lane, most, now));
        again := now;
        EXIT WHEN cardinality(ready) = most;
    END LOOP;
    IF cardinality(ready) > most THEN
        ready := ready[1:most];
        again := now;
    END IF;
END
$$;

-- The first instant at which a lane of that rate (deliveries a second) may be asked, by the generic cell rate algorithm:
-- evenly spaced, with a burst of a tenth of a second's worth, at least 1.
CREATE FUNCTION opening(tat DOUBLE PRECISION, rate DOUBLE PRECISION) RETURNS DOUBLE PRECISION LANGUAGE sql IMMUTABLE AS
-- A hair is taken off, so that what floating point adds does not cost a millisecond.
$$ SELECT tat - (GREATEST(1, rate / 10) - 1) * 1000 / rate - 0.001 $$;

-- Take due debts of the wanted lanes (given in rising order). One row a debt with its event, and one row a lane that
-- has something due later, with that instant in `due` and no event.
CREATE FUNCTION claim(
    who BIGINT, now BIGINT, lanes BIGINT[], mosts INTEGER[], ordered SMALLINT[], rates DOUBLE PRECISION[]
) RETURNS TABLE (
    subscription BIGINT, due BIGINT, tries BIGINT, first_at BIGINT, id BIGINT, type TEXT, at BIGINT, source TEXT,
    wire_id TEXT, subjects TEXT, actor TEXT, data TEXT
) LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    wanted INTEGER[] := mosts;
    again BIGINT[] := array_fill(CAST(NULL AS BIGINT), ARRAY[cardinality(lanes)]);
    picked_lanes BIGINT[];
    picked_events BIGINT[];
    ready BIGINT[];
    next_due BIGINT;
    used BIGINT;
    tat DOUBLE PRECISION;
    oldest BIGINT;
    newest BIGINT;
BEGIN
    PERFORM hold_owner(who);
    FOR i IN 1 .. cardinality(lanes) LOOP
        CONTINUE WHEN rates[i] = 0;
        INSERT INTO lane (subscription) VALUES (lanes[i]) ON CONFLICT DO NOTHING;
        SELECT GREATEST(lane.tat, now) INTO tat FROM lane WHERE lane.subscription = lanes[i] FOR UPDATE;
        wanted[i] := LEAST(mosts[i], GREATEST(0, floor((now - opening(tat, rates[i])) * rates[i] / 1000) + 1));
    END LOOP;
    SELECT COALESCE(array_agg(debt.subscription), '{}'), COALESCE(array_agg(debt.event), '{}')
    INTO picked_lanes, picked_events
    FROM unnest(lanes, wanted, ordered) AS lane (subscription, most, is_ordered)
    CROSS JOIN LATERAL (
        SELECT owed.subscription, owed.event FROM owed
        WHERE owed.subscription = lane.subscription AND owed.owner = 0 AND owed.due <= now
        ORDER BY owed.due, owed.event LIMIT lane.most FOR UPDATE SKIP LOCKED
    ) AS debt
    WHERE lane.is_ordered = 0;
    FOR i IN 1 .. cardinality(lanes) LOOP
        CONTINUE WHEN ordered[i] = 0;
        SELECT n.ready, n.again INTO ready, next_due FROM next_in_order(lanes[i], wanted[i], now) AS n;
        again[i] := next_due;
        -- Looked at again under the lock, because another process may have been quicker; found by the key alone, because
        -- the index of what is due would be read from its beginning.
        WITH locked AS MATERIALIZED (
            SELECT owed.event, owed.owner, owed.due FROM owed
            WHERE owed.subscription = lanes[i] AND owed.event = ANY (ready) FOR UPDATE SKIP LOCKED
        )
        SELECT COALESCE(array_agg(event), '{}') INTO ready FROM locked WHERE owner = 0 AND due <= now;
        picked_lanes := picked_lanes || array_fill(lanes[i], ARRAY[cardinality(ready)]);
        picked_events := picked_events || ready;
    END LOOP;
    UPDATE owed SET owner = who
    FROM unnest(picked_lanes, picked_events) AS picked (subscription, event)
    WHERE owed.subscription = picked.subscription AND owed.event = picked.event;
    FOR i IN 1 .. cardinality(lanes) LOOP
        IF ordered[i] = 0 THEN
            SELECT owed.due INTO next_due FROM owed
            WHERE owed.subscription = lanes[i] AND owed.owner = 0 ORDER BY owed.due, owed.event LIMIT 1;
            again[i] := next_due;
        END IF;
        CONTINUE WHEN rates[i] = 0;
        used := cardinality(array_positions(picked_lanes, lanes[i]));
        UPDATE lane SET tat = GREATEST(lane.tat, now) + used * 1000 / rates[i]
        WHERE lane.subscription = lanes[i] RETURNING lane.tat INTO tat;
        IF again[i] IS NOT NULL THEN
            again[i] := GREATEST(again[i], CAST(ceil(opening(tat, rates[i])) AS BIGINT));
        END IF;
    END LOOP;
    SELECT min(id), max(id) INTO oldest, newest FROM unnest(picked_events) AS id;
    RETURN QUERY
        SELECT owed.subscription, owed.due, owed.tries, owed.first_at, event.id, event.type, event.at, event.source,
            event.wire_id, event.subjects, event.actor, event.data
        FROM unnest(picked_lanes, picked_events) AS picked (subscription, event)
        JOIN owed ON owed.subscription = picked.subscription AND owed.event = picked.event
        JOIN event ON event.id = picked.event
        -- The bounds, unlike the join, spare all but the days in question.
        WHERE event.id BETWEEN oldest AND newest
        ORDER BY owed.subscription, owed.due, owed.event;
    RETURN QUERY
        SELECT lane.subscription, lane.again, 0::BIGINT, 0::BIGINT, NULL::BIGINT, '', 0::BIGINT, '', '', '', NULL, ''
        FROM unnest(lanes, again) AS lane (subscription, again) WHERE lane.again IS NOT NULL;
END
$$;

-- Say that an owner lives, and take the debts of those back who have not said so for 10 s; their numbers.
CREATE FUNCTION beat(who BIGINT) RETURNS BIGINT[] LANGUAGE plpgsql AS $$
DECLARE
    dead BIGINT[] := '{}';
    one BIGINT;
BEGIN
    UPDATE owner SET beat = instant() WHERE id = who;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'owner % was declared dead', who USING ERRCODE = 'TD002';
    END IF;
    FOR one IN SELECT id FROM owner WHERE owner.beat < instant() - 10000 ORDER BY id LOOP
        -- One that is just keeping or claiming something is left for the next beat.
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(29802, CAST(one AS INTEGER));
        DELETE FROM owner WHERE id = one AND owner.beat < instant() - 10000;
        IF FOUND THEN
            dead := dead || one;
        END IF;
    END LOOP;
    IF cardinality(dead) > 0 THEN
        UPDATE owed SET owner = 0 WHERE owner = ANY (dead);
    END IF;
    RETURN dead;
END
$$;

-- End an owner; its debts go back.
CREATE FUNCTION retire(who BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(29802, CAST(who AS INTEGER));
    DELETE FROM owner WHERE id = who;
    UPDATE owed SET owner = 0 WHERE owner = who;
END
$$;

-- Lanes after a subscription that have debts which are nobody's, with the earliest that is due.
CREATE FUNCTION backlog(past BIGINT, most INTEGER) RETURNS TABLE (subscription BIGINT, due BIGINT) LANGUAGE sql STABLE
SET enable_seqscan = off AS $$
    WITH RECURSIVE lane AS (
        (
            SELECT subscription, due FROM owed
            WHERE subscription > past AND owner = 0 ORDER BY subscription, due LIMIT 1
        )
        UNION ALL
        SELECT next.* FROM lane CROSS JOIN LATERAL (
            SELECT subscription, due FROM owed
            WHERE subscription > lane.subscription AND owner = 0 ORDER BY subscription, due LIMIT 1
        ) AS next
    )
    SELECT subscription, due FROM lane LIMIT most
$$;

-- Debts to events before an identifier are cancelled; how many, up to `most`. The key is read lane by lane.
CREATE FUNCTION cancel_debts(before BIGINT, most INTEGER) RETURNS BIGINT LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    cancelled BIGINT;
BEGIN
    WITH RECURSIVE lane AS (
        SELECT min(subscription) AS subscription FROM owed
        UNION ALL
        SELECT (SELECT min(owed.subscription) FROM owed WHERE owed.subscription > lane.subscription)
        FROM lane WHERE lane.subscription IS NOT NULL
    ), old AS (
        SELECT debt.subscription, debt.event FROM lane CROSS JOIN LATERAL (
            SELECT owed.subscription, owed.event FROM owed
            WHERE owed.subscription = lane.subscription AND owed.event < before
            ORDER BY owed.event LIMIT most FOR UPDATE SKIP LOCKED
        ) AS debt
        LIMIT most
    ), gone AS (
        DELETE FROM owed USING old
        WHERE owed.subscription = old.subscription AND owed.event = old.event RETURNING owed.subscription, owed.event
    )
    INSERT INTO attempt (
        id, event, subscription, at, outcome, state, is_final, is_probe, status, error, address, headers, answer,
        timings, next_at
    )
        SELECT (instant() << 20) | (nextval('identifier_sequence') & 1048575), event, subscription, instant(), 'none',
            'cancelled', 1, 0, 0, '', '', '[]', '', '[]', 0
        FROM gone;
    GET DIAGNOSTICS cancelled = ROW_COUNT;
    RETURN cancelled;
END
$$;

-- Drop the oldest day of events and attempts, if it was over before that instant: how many events went, counted up to
-- `most`; NULL if there is no such day. Gives up at once if anybody uses the tables for long.
CREATE FUNCTION drop_day(before BIGINT, most INTEGER) RETURNS BIGINT LANGUAGE plpgsql AS $$
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
    IF EXISTS (SELECT FROM owed WHERE event < ends << 20) THEN
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
