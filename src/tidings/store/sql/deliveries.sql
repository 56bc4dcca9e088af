-- name: tried_lately
-- Deliveries by their last attempt, the latest first, that fit the filters, among so many attempts before one.
-- `:unopened`, here and below: the webhooks that this process has no key for, like `,7,12,` (see `store.unopened`).
SELECT attempt.id, attempt.event, attempt.subscription, event.type, attempt.at, attempt.outcome, attempt.status,
    attempt.error, subscription.id AS webhook, subscription.url, coalesce(owed.tries, 0) AS tries,
    coalesce(owed.due, 0) AS due,
    CASE
        WHEN owed.event IS NULL THEN attempt.state
        WHEN subscription.state <> 'active' OR subscription.withheld <> 0
            OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened THEN 'held'
        WHEN owed.first_at = 0 THEN 'pending'
        ELSE 'retrying'
    END AS state
FROM (
    SELECT id, event, subscription, at, outcome, state, is_final, status, error
    FROM attempt WHERE id < :before AND id >= :since ORDER BY id DESC LIMIT :look
) AS attempt
JOIN subscription ON subscription.number = attempt.subscription
LEFT JOIN event ON event.id = attempt.event
LEFT JOIN owed ON owed.subscription = attempt.subscription AND owed.event = attempt.event
WHERE (:state = '' OR (attempt.is_final = 1 AND attempt.state = :state)) AND (:status = 0 OR attempt.status = :status)
    AND (:type = '' OR event.type = :type)
    AND NOT EXISTS (
        SELECT 1 FROM attempt AS later WHERE later.subscription = attempt.subscription
            AND later.event = attempt.event AND later.id > attempt.id
    )
ORDER BY attempt.id DESC LIMIT :most;

-- name: tried_lately_looked_at
-- How many attempts such a look goes through, and the oldest of them, 0 if there is none.
SELECT count(*) AS looked, coalesce(min(id), 0) AS edge FROM (
    SELECT id FROM attempt WHERE id < :before AND id >= :since ORDER BY id DESC LIMIT :look
) AS looked;

-- name: undelivered
-- As `tried_lately`, of deliveries that ended otherwise than delivered, or are to be tried again.
SELECT attempt.id, attempt.event, attempt.subscription, event.type, attempt.at, attempt.outcome, attempt.status,
    attempt.error, subscription.id AS webhook, subscription.url, coalesce(owed.tries, 0) AS tries,
    coalesce(owed.due, 0) AS due, attempt.state
FROM (
    SELECT id, event, subscription, at, outcome, state, is_final, status, error
    FROM attempt WHERE state = :state AND state <> 'delivered' AND id < :before AND id >= :since
    ORDER BY id DESC LIMIT :look
) AS attempt
JOIN subscription ON subscription.number = attempt.subscription
LEFT JOIN event ON event.id = attempt.event
LEFT JOIN owed ON owed.subscription = attempt.subscription AND owed.event = attempt.event
WHERE (:status = 0 OR attempt.status = :status) AND (:type = '' OR event.type = :type)
    AND (attempt.is_final = 1 OR (
        attempt.state = 'retrying' AND owed.first_at > 0 AND subscription.state = 'active' AND subscription.withheld = 0
        AND replace(:unopened, ',' || subscription.number || ',', '') = :unopened
    ))
    AND NOT EXISTS (
        SELECT 1 FROM attempt AS later WHERE later.subscription = attempt.subscription
            AND later.event = attempt.event AND later.id > attempt.id
    )
ORDER BY attempt.id DESC LIMIT :most;

-- name: undelivered_looked_at
-- How many attempts such a look goes through, and the oldest of them, 0 if there is none.
SELECT count(*) AS looked, coalesce(min(id), 0) AS edge FROM (
    SELECT id FROM attempt WHERE state = :state AND state <> 'delivered' AND id < :before AND id >= :since
    ORDER BY id DESC LIMIT :look
) AS looked;

-- name: owed_listed
-- What is owed, webhook by webhook, the oldest event of each first, that fits the filters, among so many debts.
-- A join would have PostgreSQL read all events where debts are many.
SELECT owed.event, owed.subscription, (SELECT type FROM event WHERE event.id = owed.event) AS type, owed.tries,
    owed.due, subscription.id AS webhook, subscription.url,
    CASE
        WHEN subscription.state <> 'active' OR subscription.withheld <> 0
            OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened THEN 'held'
        WHEN owed.first_at = 0 THEN 'pending'
        ELSE 'retrying'
    END AS state
FROM (
    SELECT * FROM owed WHERE (subscription, event) > (:subscription, :event)
    ORDER BY subscription, event LIMIT :look
) AS owed
JOIN subscription ON subscription.number = owed.subscription
WHERE ((:state = 'held' AND (subscription.state <> 'active' OR subscription.withheld <> 0
            OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened))
        OR (:state = 'pending' AND owed.first_at = 0 AND subscription.state = 'active' AND subscription.withheld = 0
            AND replace(:unopened, ',' || subscription.number || ',', '') = :unopened))
    AND (:type = '' OR (SELECT type FROM event WHERE event.id = owed.event) = :type)
    AND owed.event >= :since AND owed.event < :until
ORDER BY owed.subscription, owed.event LIMIT :most;

-- name: owed_looked_at
-- The last debt of such a look, and how many it goes through.
SELECT subscription, event, count(*) OVER () AS looked FROM (
    SELECT subscription, event FROM owed WHERE (subscription, event) > (:subscription, :event)
    ORDER BY subscription, event LIMIT :look
) AS looked ORDER BY subscription DESC, event DESC LIMIT 1;

-- name: deliveries_of_webhook
-- Deliveries to a webhook, newest event first, that fit the filters, among so many before an event.
SELECT listed.event, listed.subscription, listed.state, listed.tries, listed.due, listed.at, listed.outcome,
    listed.status, listed.error, coalesce(event.type, '') AS type, subscription.id AS webhook, subscription.url
FROM (
    SELECT * FROM (
        SELECT owed.event, owed.subscription, owed.tries, owed.due, 0 AS at, '' AS outcome, '' AS error,
            CASE
                WHEN subscription.state <> 'active' OR subscription.withheld <> 0
                    OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened THEN 'held'
                WHEN owed.first_at = 0 THEN 'pending'
                ELSE 'retrying'
            END AS state,
            coalesce((
                SELECT attempt.status FROM attempt
                WHERE owed.first_at > 0 AND attempt.subscription = owed.subscription AND attempt.event = owed.event
                ORDER BY attempt.id DESC LIMIT 1
            ), 0) AS status
        FROM owed JOIN subscription ON subscription.number = owed.subscription
        WHERE owed.subscription = :subscription AND owed.event < :before AND owed.event >= :since
        ORDER BY owed.event DESC LIMIT :look
    ) AS unfinished
    UNION ALL
    SELECT * FROM (
        SELECT event, subscription, 0 AS tries, 0 AS due, at, outcome, error, state, status
        FROM attempt
        WHERE subscription = :subscription AND event < :before AND event >= :since AND is_final = 1
        ORDER BY event DESC LIMIT :look
    ) AS finished
    ORDER BY event DESC LIMIT :look
) AS listed
JOIN subscription ON subscription.number = listed.subscription
LEFT JOIN event ON event.id = listed.event
WHERE (:state = '' OR listed.state = :state) AND (:status = 0 OR listed.status = :status)
    AND (:type = '' OR event.type = :type)
ORDER BY listed.event DESC LIMIT :most;

-- name: webhooks_of_subject
-- Webhooks on a subject, ended ones too, with how the delivery of an event to each stands; empty for those that did not
-- want it.
SELECT subscription.number, subscription.id AS webhook, subscription.url, subscription.state AS webhook_state,
    CASE
        WHEN owed.event IS NULL THEN coalesce(attempt.state, '')
        WHEN subscription.state <> 'active' OR subscription.withheld <> 0
            OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened THEN 'held'
        WHEN owed.first_at = 0 THEN 'pending'
        ELSE 'retrying'
    END AS state,
    coalesce(owed.tries, 0) AS tries, coalesce(owed.due, 0) AS due, coalesce(attempt.at, 0) AS at,
    coalesce(attempt.status, 0) AS status, subscription.created_at, subscription.ended_at
FROM (
    SELECT * FROM subscription
    WHERE kind = :kind AND object = :object AND number > :after ORDER BY number LIMIT :most
) AS subscription
LEFT JOIN owed ON owed.subscription = subscription.number AND owed.event = :event
LEFT JOIN attempt ON attempt.subscription = subscription.number AND attempt.event = :event AND attempt.is_final = 1
ORDER BY subscription.number;

-- name: webhooks_tried_soon
-- Webhooks to which an event was sent by one of the first so many attempts that came after it.
SELECT DISTINCT subscription FROM (
    SELECT event, subscription FROM attempt WHERE id > :event ORDER BY id LIMIT :look
) AS soon WHERE event = :event;

-- name: finals_counted
-- How many deliveries to a webhook finished in those states, of events of each type, within a look at its past.
SELECT event.type, count(*) AS count
FROM attempt JOIN event ON event.id = attempt.event
WHERE attempt.subscription = :subscription AND attempt.event > :after AND attempt.event <= :upto
    AND attempt.is_final = 1 AND replace(:states, attempt.state, '') <> :states
GROUP BY event.type;

-- name: webhook_of_delivery
-- As `webhooks_of_subject`, one webhook by its number.
SELECT subscription.number, subscription.id AS webhook, subscription.url, subscription.state AS webhook_state,
    CASE
        WHEN owed.event IS NULL THEN coalesce(attempt.state, '')
        WHEN subscription.state <> 'active' OR subscription.withheld <> 0
            OR replace(:unopened, ',' || subscription.number || ',', '') <> :unopened THEN 'held'
        WHEN owed.first_at = 0 THEN 'pending'
        ELSE 'retrying'
    END AS state,
    coalesce(owed.tries, 0) AS tries, coalesce(owed.due, 0) AS due, coalesce(attempt.at, 0) AS at,
    coalesce(attempt.status, 0) AS status, subscription.created_at, subscription.ended_at
FROM subscription
LEFT JOIN owed ON owed.subscription = subscription.number AND owed.event = :event
LEFT JOIN attempt ON attempt.subscription = subscription.number AND attempt.event = :event AND attempt.is_final = 1
WHERE subscription.number = :number;
