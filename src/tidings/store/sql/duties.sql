-- name: subscriptions_expiring
-- Subscriptions whose validity ends before an instant and whose owners have not been told.
SELECT number FROM subscription
WHERE state <> 'ended' AND expiry_announced = 0 AND expires_at <= :before
ORDER BY expires_at LIMIT :most;

-- name: subscription_expiry_announced
-- Remember that the end of a subscription's validity was announced, unless it was already.
UPDATE subscription SET expiry_announced = 1 WHERE number = :number AND expiry_announced = 0;

-- name: subscriptions_overdue
-- Subscriptions whose validity has ended and to which nothing is owed, or for which that was two days ago.
SELECT number FROM subscription
WHERE state <> 'ended' AND expires_at <= :now
AND (expires_at <= :drained OR NOT EXISTS (SELECT 1 FROM owed WHERE owed.subscription = subscription.number))
ORDER BY expires_at LIMIT :most;

-- name: subscriptions_holding
-- Subscriptions that hold events older than an event's identifier, with how many.
SELECT number, (SELECT count(*) FROM owed WHERE owed.subscription = number AND owed.event < :before) AS held
FROM subscription
WHERE (state = 'disabled' OR (state = 'active'
    AND (withheld <> 0 OR replace(:unopened, ',' || number || ',', '') <> :unopened)))
AND EXISTS (SELECT 1 FROM owed WHERE owed.subscription = subscription.number AND owed.event < :before)
ORDER BY number LIMIT :most;

-- name: subscriptions_leaving
-- Subscriptions that have ended and are still owed something.
SELECT number FROM subscription
WHERE state = 'ended' AND EXISTS (SELECT 1 FROM owed WHERE owed.subscription = subscription.number)
ORDER BY number LIMIT :most;
