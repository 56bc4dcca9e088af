-- name: events_listed
-- Events, newest first, that fit the filters, among so many before an identifier.
SELECT id, type, at, source, wire_id, subjects, actor, data FROM (
    SELECT * FROM event WHERE id < :before AND id >= :since ORDER BY id DESC LIMIT :look
) AS looked
WHERE (:type = '' OR type = :type) AND (:subject = '' OR replace(subjects, :subject, '') <> subjects)
ORDER BY id DESC LIMIT :most;

-- name: events_looked_at
-- How many events such a look goes through, and the oldest of them, 0 if there is none.
SELECT count(*) AS looked, coalesce(min(id), 0) AS edge FROM (
    SELECT id FROM event WHERE id < :before AND id >= :since ORDER BY id DESC LIMIT :look
) AS looked;

-- name: event
-- One event.
SELECT id, type, at, source, wire_id, subjects, actor, data FROM event WHERE id = :id;

-- name: deliveries_listed
-- Deliveries to a subscription, newest event first, in those states, among so many before an event.
SELECT listed.event, listed.subscription, listed.state, listed.tries, listed.due, listed.at, listed.outcome,
    listed.status, coalesce(event.type, '') AS type
FROM (
    SELECT * FROM (
        SELECT owed.event, owed.subscription, owed.tries, owed.due, 0 AS at, '' AS outcome, 0 AS status,
            CASE
                WHEN subscription.state <> 'active' OR subscription.withheld <> 0
                    OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened THEN 'held'
                WHEN owed.first_at = 0 THEN 'pending'
                ELSE 'retrying'
            END AS state
        FROM owed JOIN subscription ON subscription.number = owed.subscription
        WHERE owed.subscription = :subscription AND owed.event < :before
        ORDER BY owed.event DESC LIMIT :look
    ) AS unfinished
    UNION ALL
    SELECT * FROM (
        SELECT event, subscription, 0 AS tries, 0 AS due, at, outcome, status, state
        FROM attempt WHERE subscription = :subscription AND event < :before AND is_final = 1
        ORDER BY event DESC LIMIT :look
    ) AS finished
    ORDER BY event DESC LIMIT :look
) AS listed LEFT JOIN event ON event.id = listed.event
WHERE :states = '' OR replace(:states, listed.state, '') <> :states
ORDER BY listed.event DESC LIMIT :most;

-- name: deliveries_looked_at
-- How many deliveries such a look goes through, and the oldest event of them, 0 if there is none.
SELECT count(*) AS looked, coalesce(min(event), 0) AS edge FROM (
    SELECT event FROM (
        SELECT event FROM owed WHERE subscription = :subscription AND event < :before ORDER BY event DESC LIMIT :look
    ) AS unfinished
    UNION ALL
    SELECT event FROM (
        SELECT event FROM attempt WHERE subscription = :subscription AND event < :before AND is_final = 1
        ORDER BY event DESC LIMIT :look
    ) AS finished
    ORDER BY event DESC LIMIT :look
) AS listed;

-- name: delivery
-- One delivery: what is owed of it, or its last word.
SELECT owed.event, owed.subscription, owed.tries, owed.due, 0 AS at, '' AS outcome, 0 AS status,
    CASE
        WHEN subscription.state <> 'active' OR subscription.withheld <> 0
            OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened THEN 'held'
        WHEN owed.first_at = 0 THEN 'pending'
        ELSE 'retrying'
    END AS state,
    coalesce(event.type, '') AS type
FROM owed
JOIN subscription ON subscription.number = owed.subscription
LEFT JOIN event ON event.id = owed.event
WHERE owed.subscription = :subscription AND owed.event = :event
UNION ALL
SELECT attempt.event, attempt.subscription, 0, 0, attempt.at, attempt.outcome, attempt.status, attempt.state,
    coalesce(event.type, '')
FROM attempt
LEFT JOIN event ON event.id = attempt.event
WHERE attempt.subscription = :subscription AND attempt.event = :event AND attempt.is_final = 1;

-- name: debt_waiting
-- A debt on which nobody works stays so until the transaction ends.
UPDATE owed SET owner = 0 WHERE subscription = :subscription AND event = :event AND owner = 0;

-- name: attempts_listed
-- What was tried for a delivery, newest first.
SELECT id, event, subscription, at, outcome, state, is_final, is_probe, status, error, address, headers, answer,
    timings, next_at
FROM attempt
WHERE subscription = :subscription AND event = :event AND id < :before
ORDER BY id DESC LIMIT :most;

-- name: debts_standing
-- How many debts are held and how many are not, how many of each were tried, and the oldest event, among so many.
SELECT
    CASE
        WHEN subscription.state <> 'active' OR subscription.withheld <> 0
            OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened THEN 1
        ELSE 0
    END AS is_held,
    CAST(sum(lanes.debts) AS BIGINT) AS debts,
    CAST(sum(lanes.tried) AS BIGINT) AS tried,
    min(lanes.oldest) AS oldest
FROM (
    SELECT subscription, count(*) AS debts, sum(CASE WHEN first_at = 0 THEN 0 ELSE 1 END) AS tried, min(event) AS oldest
    FROM (SELECT subscription, event, first_at FROM owed ORDER BY subscription, event LIMIT :most) AS counted
    GROUP BY subscription
) AS lanes JOIN subscription ON subscription.number = lanes.subscription
GROUP BY 1;

-- name: debts_of_subscription
-- How much a subscription is owed, counted up to so many.
SELECT count(*) FROM (SELECT 1 AS one FROM owed WHERE subscription = :subscription LIMIT :most) AS counted;

-- name: finals_looked_at
-- How many attempts a look at a subscription's past goes through, and the newest event of them, 0 if there is none.
SELECT count(*) AS looked, coalesce(max(event), 0) AS edge FROM (
    SELECT event FROM attempt WHERE subscription = :subscription AND event > :after AND event < :until
    ORDER BY event LIMIT :look
) AS looked;

-- name: finals_found
-- Finished deliveries to a subscription in those states, oldest event first, with the last word of each.
SELECT event.id, event.type, event.at, event.source, event.wire_id, event.subjects, event.actor, event.data,
    attempt.id AS final
FROM attempt JOIN event ON event.id = attempt.event
WHERE attempt.subscription = :subscription AND attempt.event > :after AND attempt.event <= :upto
    AND attempt.is_final = 1 AND replace(:states, attempt.state, '') <> :states
ORDER BY attempt.event LIMIT :most;

-- name: final_of_delivery
-- The last word of a delivery, with its event.
SELECT event.id, event.type, event.at, event.source, event.wire_id, event.subjects, event.actor, event.data,
    attempt.id AS final
FROM attempt JOIN event ON event.id = attempt.event
WHERE attempt.subscription = :subscription AND attempt.event = :event AND attempt.is_final = 1;

-- name: debt_made_again
-- Owe a finished delivery again, if that last word of it still is the last.
INSERT INTO owed (event, subscription, due, order_key)
SELECT event, subscription, :due, CAST(:order_key AS TEXT) FROM attempt WHERE id = :final AND is_final = 1
ON CONFLICT DO NOTHING
RETURNING event;

-- name: final_revoked
-- What was the last word of a delivery is an attempt among others.
UPDATE attempt SET is_final = 0 WHERE id = :final;

-- name: debt_hastened
-- What is owed and free is due at once.
UPDATE owed SET due = :now WHERE subscription = :subscription AND event = :event AND owner = 0 RETURNING event;

-- name: debts_free
-- Some debts to a subscription that nobody works on.
SELECT event FROM owed WHERE subscription = :subscription AND owner = 0 ORDER BY event LIMIT :most;

-- name: order_of_subscription
-- In which order a subscription wants its events.
SELECT order_key FROM subscription WHERE number = :number;
