-- name: minute_added
-- What a process did in a minute is added to what is there.
INSERT INTO pace_of_minute (minute, kept, delivered, failed, received)
VALUES (:minute, :kept, :delivered, :failed, :received)
ON CONFLICT (minute) DO UPDATE SET kept = pace_of_minute.kept + excluded.kept,
    delivered = pace_of_minute.delivered + excluded.delivered, failed = pace_of_minute.failed + excluded.failed,
    received = pace_of_minute.received + excluded.received;

-- name: minutes_added_up
-- How much happened in each step of a time, by the instant at which the step began.
SELECT minute - minute % CAST(:step AS BIGINT) AS at, CAST(sum(kept) AS BIGINT) AS kept,
    CAST(sum(delivered) AS BIGINT) AS delivered, CAST(sum(failed) AS BIGINT) AS failed,
    CAST(sum(received) AS BIGINT) AS received
FROM pace_of_minute WHERE minute >= :since AND minute < :until
GROUP BY 1 ORDER BY 1 LIMIT :most;

-- name: minutes_swept
-- Minutes from before that instant are forgotten.
DELETE FROM pace_of_minute WHERE minute < :before;

-- name: events_newest
-- The newest events after an identifier, without what they carry.
SELECT id, type, at, source, subjects FROM event WHERE id > :after ORDER BY id DESC LIMIT :most;

-- name: attempts_newest
-- The newest attempts after an identifier, without what was answered.
SELECT attempt.id, attempt.event, attempt.subscription, attempt.at, attempt.outcome, attempt.state, attempt.status,
    subscription.id AS webhook, subscription.url
FROM (SELECT * FROM attempt WHERE id > :after ORDER BY id DESC LIMIT :most) AS attempt
JOIN subscription ON subscription.number = attempt.subscription
ORDER BY attempt.id DESC;

-- name: lanes_in_trouble
-- Webhooks that failed last, or whose circuit is open, with when they last succeeded, the latest failure first.
SELECT subscription.id AS webhook, subscription.url, subscription.state, lane.delivered, lane.failed,
    lane.succeeded_at, lane.refused_at, lane.circuit
FROM lane JOIN subscription ON subscription.number = lane.subscription
WHERE lane.refused_at > lane.succeeded_at AND lane.refused_at > :since AND subscription.state <> 'ended'
ORDER BY lane.refused_at DESC LIMIT :most;
