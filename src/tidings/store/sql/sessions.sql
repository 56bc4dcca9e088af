-- name: session_begun
-- Somebody has signed in to the console.
INSERT INTO session (hash, id, person, created_at, seen_at, expires_at, ends_at, address, agent)
VALUES (:hash, :id, :person, :at, :at, :expires_at, :ends_at, :address, :agent);

-- name: session
-- Whose session that is, with what the person may do, unless it has run out or the person is erased.
-- finds: by key
SELECT session.hash, session.id, session.created_at, session.seen_at, session.expires_at, session.ends_at,
    session.address, session.agent, person.id AS person, COALESCE(person.phone, '') AS phone, person.name,
    person.picture, COALESCE(console_role.role, '') AS role
FROM session
JOIN person ON person.id = session.person
LEFT JOIN console_role ON console_role.person = session.person
WHERE session.hash = :hash AND session.expires_at > :now AND person.erased_at IS NULL;

-- name: session_used
-- A session lives on with use.
UPDATE session SET seen_at = :now, expires_at = :expires_at WHERE hash = :hash AND seen_at < :now;

-- name: sessions_of_person
-- Where a person is signed in, the newest first.
SELECT id, created_at, seen_at, expires_at, address, agent FROM session
WHERE person = :person AND expires_at > :now AND (created_at < :before OR (created_at = :before AND id < :before_id))
ORDER BY created_at DESC, id DESC LIMIT :most;

-- name: session_ended
-- One session of a person ends.
DELETE FROM session WHERE id = :id AND person = :person RETURNING id;

-- name: sessions_ended
-- All sessions of a person end but that one.
DELETE FROM session WHERE person = :person AND hash <> :besides;

-- name: sessions_swept
-- Sessions that have run out are forgotten.
DELETE FROM session WHERE expires_at <= :now;

-- name: role_of
-- What a person may do in the console; nothing for who has no role.
-- finds: by key
SELECT role FROM console_role WHERE person = :person;

-- name: roles
-- People with a role, by person.
SELECT console_role.person, console_role.role, console_role.given_at, person.name, COALESCE(person.phone, '') AS phone
FROM console_role JOIN person ON person.id = console_role.person
WHERE console_role.person > :after ORDER BY console_role.person LIMIT :most;

-- name: owners_counted
-- How many owners there are, counted up to two.
SELECT count(*) FROM (SELECT 1 AS one FROM console_role WHERE role = 'owner' LIMIT 2) AS owners;

-- name: owners_locked
-- Whoever else changes owners waits until we are done, so that two cannot each leave the other as the last one.
UPDATE console_role SET role = role WHERE role = 'owner';

-- name: role_given
-- A person may do that from now on; the last owner stays one.
INSERT INTO console_role (person, role, given_at)
SELECT id, :role, CAST(:at AS BIGINT) FROM person WHERE id = :person AND erased_at IS NULL AND is_bot = 0
ON CONFLICT (person) DO UPDATE SET role = excluded.role, given_at = excluded.given_at
WHERE console_role.role <> 'owner' OR excluded.role = 'owner'
    OR (SELECT count(*) FROM console_role AS others WHERE others.role = 'owner') > 1;

-- name: role_taken
-- A person has no role any more; the last owner stays one.
DELETE FROM console_role WHERE person = :person
    AND (role <> 'owner' OR (SELECT count(*) FROM console_role AS others WHERE others.role = 'owner') > 1);

-- name: role_erased
-- An erased person has no role.
DELETE FROM console_role WHERE person = :person;

-- name: sessions_erased
-- An erased person is signed in nowhere.
DELETE FROM session WHERE person = :person;

-- name: link_made
-- A link that lets somebody in once.
INSERT INTO console_link (hash, person, expires_at) VALUES (:hash, :person, :expires_at);

-- name: link
-- Whom a link lets in: a person's id, or nothing for one that makes an owner.
-- finds: by key
SELECT person FROM console_link WHERE hash = :hash AND expires_at > :now;

-- name: link_used
-- A link is good once.
DELETE FROM console_link WHERE hash = :hash AND expires_at > :now;

-- name: links_of_owners_ended
-- Once there is an owner, the links that were to make the first one are worth nothing.
DELETE FROM console_link WHERE person = '';

-- name: links_erased
-- No link lets an erased person in.
DELETE FROM console_link WHERE person = :person;

-- name: links_swept
-- Links that have run out are forgotten.
DELETE FROM console_link WHERE expires_at <= :now;
