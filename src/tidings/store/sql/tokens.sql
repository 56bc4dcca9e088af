-- name: token_added
-- A token that may be used from now on; it may be there already when two calls rotate the same token.
INSERT INTO token (hash, purpose, kind, connector, person, group_id, scopes, seed, created_at, expires_at)
VALUES (:hash, :purpose, :kind, :connector, :person, :group_id, :scopes, :seed, :at, :expires_at)
ON CONFLICT (hash) DO NOTHING;

-- name: token
-- A token that is valid but for its end, with its bearer: its connector and its person are there, too.
-- finds: by key
SELECT
    token.purpose, token.kind, token.connector, token.person, token.group_id, token.scopes, token.seed,
    token.created_at, token.expires_at,
    COALESCE(person.phone, '') AS phone, COALESCE(person.name, '') AS name, COALESCE(person.picture, '') AS picture,
    COALESCE(person.is_bot, 0) AS is_bot
FROM token
JOIN connector ON connector.id = token.connector AND connector.revoked_at IS NULL
LEFT JOIN person ON person.id = token.person AND person.erased_at IS NULL
WHERE token.hash = :hash AND token.revoked_at IS NULL AND (token.person = '' OR person.id IS NOT NULL);

-- name: token_revoked
-- One token ends.
UPDATE token SET revoked_at = :at WHERE hash = :hash AND revoked_at IS NULL;

-- name: key_used
-- A key was used then; other tokens live for a day, and nobody asks.
UPDATE token SET used_at = :at WHERE hash = :hash AND purpose = 'static';

-- name: keys
-- The keys of a connector, oldest first, also those that were revoked.
SELECT hash, person, scopes, created_at, expires_at, revoked_at, used_at FROM token
WHERE connector = :connector AND purpose = 'static' AND (created_at, hash) > (:since, :after)
ORDER BY created_at, hash LIMIT :most;

-- name: token_used
-- A refresh token was used then.
UPDATE token SET used_at = :at WHERE hash = :hash;

-- name: tokens_of_connector
-- The tokens of a connector for one purpose, the newest first, with whose they are; also those that were revoked.
SELECT token.hash, token.purpose, token.kind, token.connector, token.person, token.group_id AS "group", token.scopes,
    token.created_at, token.expires_at, token.revoked_at, token.used_at, COALESCE(person.name, '') AS name
FROM token LEFT JOIN person ON person.id = token.person
WHERE token.connector = :connector AND token.purpose = :purpose
    AND (token.created_at, token.hash) < (:before, :before_hash)
ORDER BY token.created_at DESC, token.hash DESC LIMIT :most;

-- name: tokens_of_person
-- What programs hold to act for a person, the newest first; so few that it is sorted.
SELECT token.hash, token.purpose, token.kind, token.connector, token.person, token.group_id AS "group", token.scopes,
    token.created_at, token.expires_at, token.revoked_at, token.used_at, connector.name
FROM token JOIN connector ON connector.id = token.connector AND connector.revoked_at IS NULL
WHERE token.person = :person AND token.purpose <> 'access' AND token.revoked_at IS NULL
ORDER BY token.created_at DESC, token.hash DESC LIMIT :most;

-- name: token_shortened
-- A token ends then, unless it ends earlier.
UPDATE token SET expires_at = CASE WHEN expires_at < :at THEN expires_at ELSE :at END
WHERE hash = :hash AND revoked_at IS NULL;

-- name: refresh_tokens_replaced
-- A new refresh token ends the former ones of the same connector, bearer and kind.
UPDATE token SET revoked_at = :at
WHERE connector = :connector AND person = :person AND kind = :kind AND group_id = :group_id
    AND purpose = 'refresh' AND revoked_at IS NULL;

-- name: tokens_of_person_revoked
-- Everything that a person was given ends.
UPDATE token SET revoked_at = :at WHERE person = :person AND revoked_at IS NULL;

-- name: tokens_of_bots_revoked
-- Everything that somebody's bots were given ends.
UPDATE token SET revoked_at = :at
WHERE person IN (SELECT person FROM bot WHERE creator = :creator AND ended_at IS NULL) AND revoked_at IS NULL;

-- name: tokens_swept
-- Some tokens that have run out are forgotten.
DELETE FROM token
WHERE hash IN (SELECT hash FROM token WHERE expires_at < :before ORDER BY expires_at LIMIT :most)
RETURNING hash;

-- name: throttled
-- One more try, unless there were too many of late: the tries are spaced by `interval`, so many as fit before `latest` at once.
INSERT INTO throttle (key, tat) VALUES (:key, :fresh)
ON CONFLICT (key) DO UPDATE
SET tat = CASE WHEN throttle.tat > :now THEN throttle.tat ELSE :now END + :interval
WHERE throttle.tat <= :latest
RETURNING tat;

-- name: throttle_forgotten
-- Tries count no more, and what they were tries at is known no more.
DELETE FROM throttle WHERE key = :key;

-- name: throttles_swept
-- Tries that no longer count.
DELETE FROM throttle WHERE tat < :now;

-- name: pin_made
-- The PIN that now waits for a number; the one before it is worth nothing more.
INSERT INTO pin (phone, connector, sealed, tries, expires_at) VALUES (:phone, :connector, :sealed, 0, :expires_at)
ON CONFLICT (phone, connector) DO UPDATE SET sealed = excluded.sealed, tries = 0, expires_at = excluded.expires_at;

-- name: pin_tried
-- One more try at a PIN, with the person whose number it is, as long as there are tries left.
UPDATE pin SET tries = tries + 1
WHERE phone = :phone AND connector = :connector AND tries < :most AND expires_at > :now
RETURNING sealed, COALESCE((SELECT person.id FROM person WHERE person.phone = pin.phone AND person.is_bot = 0), '');

-- name: pin_used
-- A PIN is good for one sign-in.
DELETE FROM pin WHERE phone = :phone AND connector = :connector AND sealed = :sealed;

-- name: pin_waiting
-- The newest PIN that waits for a person.
SELECT pin.sealed, pin.expires_at FROM pin
JOIN person ON person.phone = pin.phone AND person.is_bot = 0
WHERE pin.phone = :phone AND pin.expires_at > :now AND pin.tries < :most
ORDER BY pin.expires_at DESC LIMIT 1;

-- name: pins_swept
-- PINs whose time is over.
DELETE FROM pin WHERE expires_at <= :now;

-- name: code_given
-- A code that somebody's browser brings to a connector.
INSERT INTO authorization_code (hash, connector, person, redirect_uri, expires_at)
VALUES (:hash, :connector, :person, :redirect_uri, :expires_at);

-- name: code
-- A code that was not used yet, and may have run out.
SELECT connector, person, redirect_uri, expires_at FROM authorization_code WHERE hash = :hash;

-- name: code_used
-- A code is good for one refresh token.
DELETE FROM authorization_code WHERE hash = :hash;

-- name: codes_of_person_ended
-- The codes that a person's browser may still bring to connectors; so few that it needs no index.
DELETE FROM authorization_code WHERE person = :person;

-- name: codes_swept
-- Codes whose time is over; so few that it needs no steps.
DELETE FROM authorization_code WHERE expires_at <= :now;
