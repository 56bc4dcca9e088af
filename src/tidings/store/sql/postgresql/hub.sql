-- The hot statements on PostgreSQL: each is one call of a function (migration 0001_hub_functions), so one round trip.
-- Long arrays of numbers come as texts; see `numbers` in store/postgresql/session.py.

-- name: subscriptions_held
-- Keep everybody from publishing and from changing subscriptions until the transaction ends.
SELECT pg_advisory_xact_lock(29801, 1);

-- name: publications_kept
-- Keep events with their debts and keys.
SELECT place, id, is_same, wire_id, deliveries FROM keep(
    :expected, :owner, :types, CAST(CAST(:ats AS TEXT) AS BIGINT[]), :sources, :wire_ids, :subjects, :actors, :datas,
    CAST(CAST(:owed_places AS TEXT) AS INTEGER[]), CAST(CAST(:owed_subscriptions AS TEXT) AS BIGINT[]), :owed_keys,
    CAST(CAST(:owed_owners AS TEXT) AS BIGINT[]),
    :key_places, :key_connectors, :key_texts, :key_hashes, :key_deliveries
);

-- name: publications_kept_with
-- Keep events as above, with messages and first responses.
SELECT place, id, is_same, wire_id, deliveries FROM keep_with(
    :expected, :owner, :types, CAST(CAST(:ats AS TEXT) AS BIGINT[]), :sources, :wire_ids, :subjects, :actors, :datas,
    CAST(CAST(:owed_places AS TEXT) AS INTEGER[]), CAST(CAST(:owed_subscriptions AS TEXT) AS BIGINT[]), :owed_keys,
    CAST(CAST(:owed_owners AS TEXT) AS BIGINT[]),
    :key_places, :key_connectors, :key_texts, :key_hashes, :key_deliveries,
    :message_ids, :message_groups, :message_authors, :message_texts, :message_replies, :message_audiences, :message_ats,
    :counted_ids, :counted_mores, :counted_ats,
    :response_ids, :response_actions, :response_groups, :responders, :response_connectors, :soles, :answers,
    :response_ats
);

-- name: subscriptions_expected
-- Raise an error if the subscriptions are at another version; otherwise they stay at it until the transaction ends.
SELECT hold_subscriptions(:expected);

-- name: debts_claimed
-- Take due debts of lanes.
SELECT id, type, at, source, wire_id, subjects, actor, data, subscription, due, tries, first_at
FROM claim(:owner, :now, :lanes, :mosts, :ordered, :rates);

-- name: settled
-- Record attempts and what became of the debts.
SELECT settle(
    :owner, CAST(CAST(:events AS TEXT) AS BIGINT[]), CAST(CAST(:subscriptions AS TEXT) AS BIGINT[]),
    CAST(CAST(:ats AS TEXT) AS BIGINT[]), :outcomes, :states, CAST(CAST(:probes AS TEXT) AS SMALLINT[]),
    CAST(CAST(:statuses AS TEXT) AS BIGINT[]), :errors, :addresses, :headers, :answers, :timings,
    CAST(CAST(:next_ats AS TEXT) AS BIGINT[]), CAST(CAST(:finishing AS TEXT) AS SMALLINT[]),
    CAST(CAST(:dues AS TEXT) AS BIGINT[]), CAST(CAST(:tries AS TEXT) AS BIGINT[]),
    CAST(CAST(:first_ats AS TEXT) AS BIGINT[]),
    :lanes, :lanes_delivered, :lanes_failed, :lanes_succeeded, :lanes_refused, :circuits
);

-- name: debts_released
-- Give back what is ours.
UPDATE owed SET owner = 0
FROM unnest(CAST(:subscriptions AS BIGINT[]), CAST(:events AS BIGINT[])) AS back (subscription, event)
WHERE owed.subscription = back.subscription AND owed.event = back.event AND owed.owner = :owner;

-- name: backlog
-- Lanes with free debts, and when each has the first one due.
SELECT subscription, due FROM backlog(:after, :most);

-- name: owner_enrolled
-- A new owner.
INSERT INTO owner (id, beat) VALUES (nextval('owner_id'), instant()) RETURNING id;

-- name: owner_beat
-- An owner lives; the numbers of those who did not say so for too long.
SELECT beat(:owner), instant();

-- name: owner_retired
-- An owner ends.
SELECT retire(:owner);

-- name: partitions_made
-- Room for the events and attempts of today and the days after it; the instant at which it ends.
SELECT make_partitions(:days);

-- name: debts_expired
-- Cancel some debts to events from before that identifier; how many.
SELECT cancel_debts(:before, :most);

-- name: keys_expired
-- Forget some keys from before that instant.
WITH gone AS (
    DELETE FROM publication_key WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM publication_key WHERE at < :before ORDER BY at LIMIT :most
    )) RETURNING at
)
SELECT count(*) FROM gone;

-- name: day_expired
-- Forget the oldest day, if it was over by then; how many events that were, null if no day is that old.
SELECT drop_day(:before, :most);

-- name: rung
-- Tell whoever listens.
SELECT pg_notify(:channel, :message);

-- name: migrations_locked
-- One process at a time migrates; the others wait for as long as that takes.
SELECT set_config('lock_timeout', '10min', true), pg_advisory_xact_lock(29801, 3);

-- name: answered
-- The server is there.
SELECT 1;
