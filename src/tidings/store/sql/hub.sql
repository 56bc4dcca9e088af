-- name: subscriptions_version
-- The version that the subscriptions are at.
SELECT version FROM subscription_version;

-- name: subscriptions_raised
-- The next version of the subscriptions; run before each statement that changes some.
UPDATE subscription_version SET version = version + 1;
