-- name: pull_added
-- A new pull, unless there is one of that name or was.
INSERT INTO pull (
    name, source, remote, application, secret, refresh_token, group_id, every_ms, next_at, created_at
)
VALUES (
    :name, :source, :remote, :application, :secret, :refresh_token, :group_id, :every_ms, :at, :at
)
ON CONFLICT (name) DO NOTHING;

-- name: pull_ended
-- Nothing more is fetched.
UPDATE pull SET ended_at = :at, secret = '', refresh_token = '', access_token = ''
WHERE name = :name AND ended_at IS NULL;

-- name: pull
-- A pull that has not ended.
SELECT
    name, source, remote, application, secret, refresh_token, access_token, access_until, group_id, every_ms, cursor,
    next_at, succeeded_at, failures, error, pulled
FROM pull WHERE name = :name AND ended_at IS NULL;

-- name: pulls
-- The pulls that have not ended, by name.
SELECT
    name, source, remote, application, secret, refresh_token, access_token, access_until, group_id, every_ms, cursor,
    next_at, succeeded_at, failures, error, pulled
FROM pull WHERE ended_at IS NULL AND name > :after ORDER BY name LIMIT :most;

-- name: pulls_standing
-- How pulls fare, by name.
SELECT name, created_at, succeeded_at, failures, pulled
FROM pull WHERE ended_at IS NULL AND name > :after ORDER BY name LIMIT :most;

-- name: pulls_due
-- The pulls whose time has come and that nobody holds, longest due first.
SELECT name FROM pull WHERE ended_at IS NULL AND next_at <= :now AND held_until <= :now ORDER BY next_at LIMIT :most;

-- name: pull_claimed
-- A pull is its holder's until an instant, unless somebody still holds it.
UPDATE pull SET holder = :holder, held_until = :until
WHERE name = :name AND ended_at IS NULL AND next_at <= :due AND held_until <= :now
RETURNING name;

-- name: pull_advanced
-- A step is done: where to go on, and for how long it is still its holder's.
UPDATE pull SET cursor = :cursor, pulled = pulled + :more, held_until = :until
WHERE name = :name AND holder = :holder AND ended_at IS NULL;

-- name: pull_renewed
-- New tokens.
UPDATE pull SET access_token = :access_token, access_until = :access_until, refresh_token = :refresh_token
WHERE name = :name AND holder = :holder AND ended_at IS NULL;

-- name: pull_succeeded
-- All was fetched; when to come again.
UPDATE pull SET held_until = 0, holder = '', next_at = :next_at, succeeded_at = :at, failures = 0, error = ''
WHERE name = :name AND holder = :holder;

-- name: pull_failed
-- Something was not fetched; why, and when to try again.
UPDATE pull SET held_until = 0, holder = '', next_at = :next_at, failures = failures + 1, error = :error
WHERE name = :name AND holder = :holder;

-- name: receipt_waiting
-- Since when the receipt waits that is to be laid flat next.
SELECT at FROM receipt WHERE state = 'kept' ORDER BY id LIMIT 1;

-- name: pulls_of_source
-- The pulls of a source that have not ended, by name; so few that they are found by looking through all.
SELECT
    name, source, remote, application, secret, refresh_token, access_token, access_until, group_id, every_ms, cursor,
    next_at, succeeded_at, failures, error, pulled
FROM pull WHERE ended_at IS NULL AND source = :source AND name > :after ORDER BY name LIMIT :most;
