-- name: events_between
-- Events of a stretch, newest first, that fit the filters; texts of JSON are as the columns hold them.
SELECT id, type, at, source, wire_id, subjects, actor FROM (
    SELECT * FROM event WHERE id >= :since AND id < :before ORDER BY id DESC LIMIT :look
) AS looked
WHERE (:type = '' OR type = :type) AND (:wire_id = '' OR wire_id = :wire_id)
    AND (:subject = '' OR replace(subjects, :subject, '') <> subjects)
    AND (:person = '' OR replace(actor, :person, '') <> actor OR replace(actor, :phone, '') <> actor
        OR replace(actor, :person_name, '') <> actor)
    AND (:text = '' OR replace(lower(data), :text, '') <> lower(data)
        OR replace(lower(data), :escaped, '') <> lower(data))
ORDER BY id DESC LIMIT :most;

-- name: events_of_delivery_state
-- Events of which a delivery stands so, newest first; those that are to be tried again only if they still are owed.
SELECT DISTINCT attempt.event FROM attempt
WHERE attempt.state = :state AND attempt.state <> 'delivered' AND attempt.event >= :since AND attempt.event < :before
    AND (attempt.is_final = 1 OR (attempt.state = 'retrying' AND EXISTS (
        SELECT 1 FROM owed WHERE owed.subscription = attempt.subscription AND owed.event = attempt.event
    )))
ORDER BY attempt.event DESC LIMIT :most;

-- name: events_of_delivery_state_looked_at
-- How many attempts such a look goes through, and the oldest event of them, 0 if there is none.
SELECT count(*) AS looked, coalesce(min(event), 0) AS edge FROM (
    SELECT event FROM attempt
    WHERE state = :state AND state <> 'delivered' AND event >= :since AND event < :before
    ORDER BY event DESC LIMIT :look
) AS looked;

-- name: stretches
-- Stretches that begin before an event and end at one or after it, newest first. They do not overlap.
SELECT oldest, newest, traits FROM event_stretch
WHERE oldest < :before AND oldest >= coalesce((SELECT max(oldest) FROM event_stretch WHERE oldest < :since), 0)
ORDER BY oldest DESC LIMIT :most;

-- name: stretch_newest
-- The end of the newest stretch.
-- finds: by key
SELECT newest FROM event_stretch ORDER BY oldest DESC LIMIT 1;

-- name: events_unnoted
-- What traits are made of, of events after that one.
SELECT id, type, wire_id, subjects, actor FROM event WHERE id > :after AND id < :before ORDER BY id LIMIT :most;

-- name: stretch_noted
-- What the events of a stretch can be found by, unless another process was first.
INSERT INTO event_stretch (oldest, newest, traits) VALUES (:oldest, :newest, :traits) ON CONFLICT DO NOTHING;

-- name: stretches_forgotten
-- Forget stretches that end before the oldest event that is kept.
DELETE FROM event_stretch WHERE oldest < (SELECT id FROM event ORDER BY id LIMIT 1)
    AND newest < (SELECT id FROM event ORDER BY id LIMIT 1)
RETURNING oldest;
