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

-- name: stretches_of_trait
-- Stretches in which an event has a trait, newest first; they do not overlap, so at most one begins before `since`.
SELECT oldest, newest FROM event_trait
WHERE trait = :trait AND oldest < :before AND oldest >= coalesce((
    SELECT max(oldest) FROM event_trait WHERE trait = :trait AND oldest < :since
), 0)
ORDER BY oldest DESC LIMIT :most;

-- name: traits_noted_until
-- The last event whose traits were noted.
-- finds: by key
SELECT noted FROM event_trait_mark WHERE id = 1;

-- name: events_unnoted
-- What traits are made of, of events after that one.
SELECT id, type, wire_id, subjects, actor FROM event WHERE id > :after AND id < :before ORDER BY id LIMIT :most;

-- name: traits_marked
-- Traits are noted up to an event, by whoever was first.
UPDATE event_trait_mark SET noted = :noted WHERE id = 1 AND noted = :before;

-- name: traits_noted
-- Among the events of a stretch some have these traits.
INSERT INTO event_trait (trait, oldest, newest)
SELECT CAST(value AS BIGINT), :oldest, :newest FROM json_each(CAST(:traits AS TEXT)) WHERE 1 = 1
ON CONFLICT DO NOTHING;

-- name: traits_forgotten
-- Forget some traits of stretches that end before an event.
DELETE FROM event_trait WHERE (trait, oldest) IN (
    SELECT trait, oldest FROM event_trait WHERE newest < :before ORDER BY newest LIMIT :most
)
RETURNING oldest;

-- name: event_oldest
-- The oldest event that is kept.
SELECT id FROM event ORDER BY id LIMIT 1;

