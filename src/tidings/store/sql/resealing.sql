-- name: sealed_count
-- How many rows there are in which something sealed may lie.
SELECT (SELECT COUNT(*) FROM subscription) + (SELECT COUNT(*) FROM source) + (SELECT COUNT(*) FROM pull)
    + (SELECT COUNT(*) FROM sink) + (SELECT COUNT(*) FROM report_connection) + (SELECT COUNT(*) FROM setting)
    + (SELECT COUNT(*) FROM pin) AS found;

-- name: sealed_in_subscription
-- Webhooks with what of them is sealed, ended ones too.
SELECT number AS id, token, secrets, headers, basic_auth, client_certificate
FROM subscription WHERE number > :after ORDER BY number LIMIT :most;

-- name: reseal_subscription
-- The same secrets of a webhook, under another key, unless others were set meanwhile; whoever knows them need not look.
UPDATE subscription
SET token = :token, secrets = :secrets, headers = :headers, basic_auth = :basic_auth,
    client_certificate = :client_certificate
WHERE number = :id AND COALESCE(token, '') = :was_token AND secrets = :was_secrets AND headers = :was_headers
    AND COALESCE(basic_auth, '') = :was_basic_auth AND COALESCE(client_certificate, '') = :was_client_certificate
RETURNING number;

-- name: subscription_id
-- The id that a webhook has outside.
SELECT id FROM subscription WHERE number = :number;

-- name: sealed_in_source
-- Sources with their secrets, ended ones too.
SELECT name AS id, secret FROM source WHERE name > :after ORDER BY name LIMIT :most;

-- name: reseal_source
-- The same secret of a source, under another key.
UPDATE source SET secret = :secret WHERE name = :id AND secret = :was_secret
RETURNING name;

-- name: sealed_in_pull
-- Pulls with what lets them in.
SELECT name AS id, secret, refresh_token, access_token FROM pull WHERE name > :after ORDER BY name LIMIT :most;

-- name: reseal_pull
-- The same of a pull, under another key, unless it was given new tokens meanwhile.
UPDATE pull SET secret = :secret, refresh_token = :refresh_token, access_token = :access_token
WHERE name = :id AND secret = :was_secret AND refresh_token = :was_refresh_token AND access_token = :was_access_token
RETURNING name;

-- name: sealed_in_sink
-- Sinks with how they are entered.
SELECT name AS id, settings FROM sink WHERE name > :after ORDER BY name LIMIT :most;

-- name: reseal_sink
-- The same of a sink, under another key, unless it has ended meanwhile.
UPDATE sink SET settings = :settings WHERE name = :id AND settings = :was_settings
RETURNING name;

-- name: sealed_in_report_connection
-- Data connections with how they are entered.
SELECT name AS id, url FROM report_connection WHERE name > :after ORDER BY name LIMIT :most;

-- name: reseal_report_connection
-- The same of a data connection, under another key.
UPDATE report_connection SET url = :url WHERE name = :id AND url = :was_url
RETURNING name;

-- name: sealed_in_setting
-- What the database itself remembers, sealed or not.
SELECT name AS id, value FROM setting WHERE name > :after ORDER BY name LIMIT :most;

-- name: reseal_setting
-- The same value, under another key.
UPDATE setting SET value = :value WHERE name = :id AND value = :was_value
RETURNING name;

-- name: sealed_in_pin
-- PINs that wait; no number has a space.
SELECT phone || ' ' || connector AS id, sealed FROM pin
WHERE phone || ' ' || connector > :after ORDER BY phone || ' ' || connector LIMIT :most;

-- name: reseal_pin
-- The same PIN, under another key, unless it was used or replaced meanwhile.
UPDATE pin SET sealed = :sealed WHERE phone || ' ' || connector = :id AND sealed = :was_sealed
RETURNING connector;

-- name: sealer_seen
-- A process that seals with a key was here.
INSERT INTO sealer (id, key, seen_at) VALUES (:id, :key, :at)
ON CONFLICT (id) DO UPDATE SET key = excluded.key, seen_at = excluded.seen_at;

-- name: sealer_gone
-- A process stopped in order; and those that were not seen for long have stopped otherwise.
DELETE FROM sealer WHERE id = :id OR seen_at < :before;

-- name: other_sealers
-- When processes that seal with another key were last seen.
SELECT seen_at FROM sealer WHERE key <> :key AND seen_at >= :since ORDER BY seen_at DESC LIMIT 1;
