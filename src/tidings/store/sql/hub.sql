-- name: migrations_begun
-- Where migrations are remembered.
CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, at BIGINT NOT NULL);

-- name: migrations_done
-- The migrations that were run.
SELECT name FROM migration ORDER BY name;

-- name: migration_done
-- A migration was run.
INSERT INTO migration (name, at) VALUES (:name, :at);

-- name: subscriptions_version
-- The version that the subscriptions are at.
SELECT version FROM subscription_version;

-- name: subscriptions_raised
-- The next version of the subscriptions; run before each statement that changes some.
UPDATE subscription_version SET version = version + 1;
