-- name: connector_added
-- A program that may use the API.
INSERT INTO connector (id, name, secret, scopes, redirect_uris, created_at)
VALUES (:id, :name, :secret, :scopes, :redirect_uris, :at)
ON CONFLICT (id) DO NOTHING;

-- name: connector
-- One connector, revoked or not.
SELECT id, name, secret, scopes, redirect_uris, created_at, revoked_at FROM connector WHERE id = :id;

-- name: connectors
-- All connectors by id.
SELECT id, name, secret, scopes, redirect_uris, created_at, revoked_at FROM connector
WHERE id > :after ORDER BY id LIMIT :most;

-- name: connector_revoked
-- A connector may nothing more; its tokens stop with it.
UPDATE connector SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL;

-- name: access_changed
-- A right was taken away.
UPDATE access_version SET version = version + 1;

-- name: access_version
-- How often rights were taken away.
SELECT version FROM access_version;

-- name: application_named
-- An application's id belongs to the connector that names it first.
INSERT INTO application (id, connector, at) VALUES (:id, :connector, :at) ON CONFLICT (id) DO NOTHING;

-- name: application_connector
-- Whose an application's id is.
SELECT connector FROM application WHERE id = :id;
