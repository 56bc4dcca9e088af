-- The hot statements on SQLite. Those with a row after VALUES are run with as many rows as there are: one statement, one
-- hand-over of Python's lock. Lists come back as one JSON array for the same reason.

-- name: event_kept
-- Keep events.
INSERT INTO event (id, type, at, source, wire_id, subjects, actor, data)
VALUES (:id, :type, :at, :source, :wire_id, :subjects, :actor, :data);

-- name: debt_made
-- Owe events to subscriptions.
INSERT INTO owed (event, subscription, due, owner, order_key)
VALUES (:event, :subscription, :due, :owner, :order_key);

-- name: keys_known
-- What was published under those keys before.
SELECT connector, key, hash, event, wire_id, deliveries FROM publication_key
WHERE (connector, key) IN (VALUES (:connector, :key));

-- name: key_kept
-- Remember keys of publications.
INSERT INTO publication_key (connector, key, hash, event, wire_id, deliveries, at)
VALUES (:connector, :key, :hash, :event, :wire_id, :deliveries, :at);

-- name: lane_paces
-- Until when rate-limited lanes are spoken for.
SELECT subscription, tat FROM lane WHERE subscription IN (VALUES (:subscription));

-- name: lane_paced
-- Remember until when lanes are spoken for.
INSERT INTO lane (subscription, tat) VALUES (:subscription, :tat)
ON CONFLICT (subscription) DO UPDATE SET tat = excluded.tat;

-- name: due_ordered
-- The first debts of a lane that are due, and whether each has an older one of its order before it.
SELECT json_group_array(json_array(event, is_behind)) FROM (
    SELECT event, EXISTS (
        SELECT 1 FROM owed AS older
        WHERE older.subscription = owed.subscription AND older.order_key = owed.order_key AND older.event < owed.event
    ) AS is_behind
    FROM owed
    WHERE subscription = :subscription AND owner = 0 AND due <= :now
    ORDER BY due, event LIMIT :most
);

-- name: debt_waits
-- Debts that wait behind another are not due before that one is gone.
UPDATE owed SET due = 9223372036854775807 WHERE (subscription, event) IN (VALUES (:subscription, :event));

-- name: due
-- The first debts of a lane that are due.
SELECT json_group_array(json_array(event, due, tries, first_at)) FROM (
    SELECT event, due, tries, first_at FROM owed
    WHERE subscription = :subscription AND owner = 0 AND due <= :now
    ORDER BY due, event LIMIT :most
);

-- name: events_due
-- Events that are owed.
SELECT json_group_array(json_array(id, type, at, source, wire_id, subjects, actor, data)) FROM event
WHERE id IN (VALUES (:event));

-- name: debt_claimed
-- Debts that are ours from now on.
UPDATE owed SET owner = column3 FROM (VALUES (:subscription, :event, :owner))
WHERE subscription = column1 AND event = column2;

-- name: next_due
-- When lanes have something due; null for one that owes nothing that is free.
SELECT json_group_array(json_array(column1, (
    SELECT min(due) FROM owed WHERE subscription = column1 AND owner = 0
))) FROM (VALUES (:subscription));

-- name: debt_deleted
-- What is owed no more, whoever has it.
DELETE FROM owed WHERE (subscription, event) IN (VALUES (:subscription, :event));

-- name: debt_ended
-- What is given up is owed no more, if it is ours to give up.
DELETE FROM owed WHERE subscription = :subscription AND event = :event AND owner = :owner;

-- name: debt_postponed
-- What was tried in vain is free again, to be tried later, if it is ours.
UPDATE owed SET due = column3, tries = column4, first_at = column5, owner = 0
FROM (VALUES (:subscription, :event, :due, :tries, :first_at, :owner))
WHERE subscription = column1 AND event = column2 AND owner = column6;

-- name: finals_known
-- The last words of deliveries that were finished before.
SELECT subscription, event, id, state FROM attempt
WHERE (subscription, event) IN (VALUES (:subscription, :event)) AND is_final = 1;

-- name: final_overruled
-- A last word that was not the last.
UPDATE attempt SET is_final = 0 WHERE id = :id;

-- name: attempt_kept
-- Keep what happened.
INSERT INTO attempt (
    id, event, subscription, at, outcome, state, is_final, is_probe, status, error, address, headers, answer, timings,
    next_at
) VALUES (
    :id, :event, :subscription, :at, :outcome, :state, :is_final, :is_probe, :status, :error, :address, :headers,
    :answer, :timings, :next_at
);

-- name: lane_changed
-- How subscriptions fare: counts are added, later instants replace, and so do circuits unless empty.
INSERT INTO lane (subscription, delivered, failed, succeeded_at, refused_at, circuit)
VALUES (:subscription, :delivered, :failed, :succeeded_at, :refused_at, :circuit)
ON CONFLICT (subscription) DO UPDATE SET
    delivered = lane.delivered + excluded.delivered,
    failed = lane.failed + excluded.failed,
    succeeded_at = max(lane.succeeded_at, excluded.succeeded_at),
    refused_at = max(lane.refused_at, excluded.refused_at),
    circuit = coalesce(nullif(excluded.circuit, ''), lane.circuit);

-- name: debt_released
-- Give back what is ours.
UPDATE owed SET owner = 0 FROM (VALUES (:subscription, :event, :owner))
WHERE subscription = column1 AND event = column2 AND owner = column3;

-- name: backlog
-- Lanes with free debts, and when each has the first one due: one step of the index a lane.
WITH RECURSIVE found (subscription) AS (
    SELECT min(subscription) FROM owed INDEXED BY owed_due WHERE owner = 0 AND subscription > :after
    UNION ALL
    SELECT (SELECT min(owed.subscription) FROM owed INDEXED BY owed_due
            WHERE owner = 0 AND owed.subscription > found.subscription)
    FROM found WHERE found.subscription IS NOT NULL
)
SELECT subscription, (SELECT min(due) FROM owed WHERE owed.subscription = found.subscription AND owner = 0)
FROM found WHERE subscription IS NOT NULL LIMIT :most;

-- name: newest_identifier
-- The highest identifier there is.
SELECT max(coalesce((SELECT max(id) FROM event), 0), coalesce((SELECT max(id) FROM attempt), 0));

-- name: owner_enrolled
-- A new owner.
INSERT INTO owner (beat) VALUES (:now) RETURNING id;

-- name: owner_known
-- Whether an owner was not declared dead.
SELECT 1 FROM owner WHERE id = :owner AND beat > 0;

-- name: owner_beat
-- An owner lives.
UPDATE owner SET beat = :now WHERE id = :owner;

-- name: owners_died
-- Owners that were silent for too long are declared dead, once more those whose debts were not all freed since.
UPDATE owner SET beat = 0 WHERE beat < :before RETURNING id;

-- name: owner_left
-- An owner ends.
UPDATE owner SET beat = 0 WHERE id = :owner RETURNING id;

-- name: debt_further_on
-- The debt that is so many further on, by the key.
SELECT subscription, event FROM owed WHERE (subscription, event) > (:subscription, :event)
ORDER BY subscription, event LIMIT 1 OFFSET :most;

-- name: debts_freed
-- Debts of the dead are free, after one debt and up to another.
UPDATE owed SET owner = 0
WHERE (subscription, event) > (:subscription, :event) AND (subscription, event) <= (:last_subscription, :last_event)
    AND owner <> 0 AND owner NOT IN (SELECT id FROM owner WHERE beat > 0);

-- name: owner_buried
-- Nothing is left of an owner.
DELETE FROM owner WHERE id = :owner;
