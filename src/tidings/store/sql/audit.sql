-- name: audited
-- Who did what to whom; if somebody drew the same number in that millisecond, it is the next one.
INSERT INTO audit (id, at, actor, action, about)
SELECT CASE
        WHEN EXISTS (SELECT 1 FROM audit WHERE id = CAST(:id AS BIGINT))
        THEN (SELECT MAX(id) + 1 FROM audit WHERE id < CAST(:next AS BIGINT))
        ELSE CAST(:id AS BIGINT)
    END,
    CAST(:at AS BIGINT), CAST(:actor AS TEXT), CAST(:action AS TEXT), CAST(:about AS TEXT);

-- name: audited_once
-- As `audited`, with each of several changes: the first of them that comes to anything takes it along. Failure policy:
-- it is left out if somebody drew the same of a million numbers in that millisecond, for they cannot be told apart.
INSERT INTO audit (id, at, actor, action, about) VALUES (:id, :at, :actor, :action, :about) ON CONFLICT (id) DO NOTHING;

-- name: audit
-- The record, newest first.
SELECT id, at, actor, action, about FROM audit WHERE id < :before ORDER BY id DESC LIMIT :most;

-- name: audit_named
-- The record of a time, newest first, with the names of the people in it.
SELECT audit.id, audit.at, audit.actor, audit.action, audit.about, COALESCE(person.name, '') AS actor_name,
    COALESCE(thing.name, '') AS about_name, CASE WHEN thing.is_bot = 0 AND thing.erased_at IS NULL THEN 1 ELSE 0 END AS is_about_person
FROM audit
LEFT JOIN person ON person.id = audit.actor
LEFT JOIN person AS thing ON thing.id = audit.about
WHERE audit.id >= :since AND audit.id < :before
ORDER BY audit.id DESC LIMIT :most;

-- name: audit_of_actor
-- What somebody did.
SELECT audit.id, audit.at, audit.actor, audit.action, audit.about, COALESCE(person.name, '') AS actor_name,
    COALESCE(thing.name, '') AS about_name, CASE WHEN thing.is_bot = 0 AND thing.erased_at IS NULL THEN 1 ELSE 0 END AS is_about_person
FROM audit
LEFT JOIN person ON person.id = audit.actor
LEFT JOIN person AS thing ON thing.id = audit.about
WHERE audit.actor = :actor AND audit.id >= :since AND audit.id < :before AND (CAST(:action AS TEXT) = '' OR audit.action = :action)
ORDER BY audit.id DESC LIMIT :most;

-- name: audit_of_action
-- Who did something.
SELECT audit.id, audit.at, audit.actor, audit.action, audit.about, COALESCE(person.name, '') AS actor_name,
    COALESCE(thing.name, '') AS about_name, CASE WHEN thing.is_bot = 0 AND thing.erased_at IS NULL THEN 1 ELSE 0 END AS is_about_person
FROM audit
LEFT JOIN person ON person.id = audit.actor
LEFT JOIN person AS thing ON thing.id = audit.about
WHERE audit.action = :action AND audit.id >= :since AND audit.id < :before
ORDER BY audit.id DESC LIMIT :most;

-- name: audit_about
-- What was done to something.
SELECT audit.id, audit.at, audit.actor, audit.action, audit.about, COALESCE(person.name, '') AS actor_name,
    COALESCE(thing.name, '') AS about_name, CASE WHEN thing.is_bot = 0 AND thing.erased_at IS NULL THEN 1 ELSE 0 END AS is_about_person
FROM audit
LEFT JOIN person ON person.id = audit.actor
LEFT JOIN person AS thing ON thing.id = audit.about
WHERE audit.about = :about AND audit.id >= :since AND audit.id < :before AND (CAST(:actor AS TEXT) = '' OR audit.actor = :actor) AND (CAST(:action AS TEXT) = '' OR audit.action = :action)
ORDER BY audit.id DESC LIMIT :most;

-- name: audit_actions
-- What was ever done, each once, from one to the next by the index.
WITH RECURSIVE step (name) AS (
    SELECT MIN(action) FROM audit
    UNION ALL
    SELECT (SELECT MIN(audit.action) FROM audit WHERE audit.action > step.name) FROM step WHERE step.name IS NOT NULL
)
SELECT name FROM step WHERE name IS NOT NULL LIMIT :most;

-- name: audit_actors
-- Who ever did something, each once, from one to the next by the index.
WITH RECURSIVE step (id) AS (
    SELECT MIN(actor) FROM audit
    UNION ALL
    SELECT (SELECT MIN(audit.actor) FROM audit WHERE audit.actor > step.id) FROM step WHERE step.id IS NOT NULL
)
SELECT id, COALESCE((SELECT person.name FROM person WHERE person.id = step.id), '') AS name
FROM step WHERE id IS NOT NULL LIMIT :most;
