-- name: event_type_added
-- A type is registered under a name that is free; the instant is newer than every other's, so that it tells what changed.
INSERT INTO event_type (name, description, schema, connector, changed_at)
VALUES (
    :name, :description, :schema, :connector,
    (SELECT CASE WHEN COALESCE(MAX(changed_at), 0) >= :now THEN MAX(changed_at) + 1 ELSE :now END FROM event_type)
)
ON CONFLICT (name) DO NOTHING;

-- name: event_type_changed
-- A type is described anew.
UPDATE event_type SET
    description = :description,
    schema = :schema,
    changed_at = (
        SELECT CASE WHEN COALESCE(MAX(changed_at), 0) >= :now THEN MAX(changed_at) + 1 ELSE :now END FROM event_type
    )
WHERE name = :name;

-- name: event_type
-- One registered type.
SELECT name, description, schema, connector, changed_at FROM event_type WHERE name = :name;

-- name: event_types
-- Registered types by name.
SELECT name, description, schema, connector, changed_at FROM event_type
WHERE name > :after ORDER BY name LIMIT :most;

-- name: event_types_changed
-- What was registered or changed since an instant, and at it: two changes may have the same.
SELECT name, description, schema, connector, changed_at FROM event_type
WHERE changed_at >= :since ORDER BY changed_at LIMIT :most;
