-- name: package_added
-- A version of a package, the next one if none is named (0), unless it is there.
INSERT INTO package (id, version, name, body, author, connector, created_at)
SELECT
    :id,
    CASE WHEN CAST(:version AS BIGINT) > 0 THEN CAST(:version AS BIGINT)
    ELSE COALESCE((SELECT MAX(former.version) FROM package AS former WHERE former.id = CAST(:id AS TEXT)), 0) + 1 END,
    :name, :body, :author, :connector, CAST(:at AS BIGINT)
WHERE 1 = 1
ON CONFLICT (id, version) DO NOTHING
RETURNING version;

-- name: package_newest
-- The newest version of a package.
SELECT * FROM package WHERE id = :id ORDER BY version DESC LIMIT 1;

-- name: package_oldest
-- The first version of a package.
SELECT * FROM package WHERE id = :id ORDER BY version LIMIT 1;

-- name: package_version
-- One version of a package.
SELECT * FROM package WHERE id = :id AND version = :version;

-- name: packages
-- Versions of packages by id and version, after a place.
SELECT * FROM package WHERE (id, version) > (:id, :version) ORDER BY id, version LIMIT :most;
