-- name: event_called
-- The event that a connector published under a name of its own.
SELECT event FROM publication_key WHERE connector = :connector AND key = :key;

-- name: webhook_numbered
-- The id outside of a subscription, ended or not.
SELECT id FROM subscription WHERE number = :number;
