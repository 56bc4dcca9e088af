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

-- name: connectors_listed
-- All connectors by id, with when one of their tokens was last used.
SELECT id, name, secret, scopes, redirect_uris, created_at, revoked_at,
    (SELECT MAX(used_at) FROM token WHERE token.connector = connector.id) AS used_at
FROM connector WHERE id > :after ORDER BY id LIMIT :most;

-- name: connector_secret_changed
-- A connector has another secret from now on.
UPDATE connector SET secret = :secret WHERE id = :id AND revoked_at IS NULL;

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
-- finds: by key
SELECT connector FROM application WHERE id = :id;

-- name: connectors_reading
-- The connectors that read the tables and do nothing else, by id, with when one of their keys was last used.
SELECT id, name, created_at,
    (SELECT MAX(used_at) FROM token WHERE token.connector = connector.id AND purpose = 'static') AS used_at
FROM connector
WHERE scopes = 'tables.read' AND revoked_at IS NULL AND id > :after ORDER BY id LIMIT :most;
