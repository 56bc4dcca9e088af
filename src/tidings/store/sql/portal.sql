-- name: portal_link_made
-- A new link.
INSERT INTO portal_link (
    id, hash, title, connector, owner, kind, object, grants, made_by, made_at, expires_at
) VALUES (:id, :hash, :title, :connector, :owner, :kind, :object, :grants, :made_by, :made_at, :expires_at);

-- name: portal_link
-- A link by the hash of its token, unless it has run out.
-- finds: by key
SELECT id, title, connector, owner, kind, object, grants, made_by, made_at, expires_at FROM portal_link
WHERE hash = :hash AND expires_at > :now;

-- name: portal_links
-- Links before one in the order of their making, newest first.
SELECT id, title, connector, owner, kind, object, grants, made_by, made_at, expires_at FROM portal_link
WHERE (made_at, id) < (:made_at, :id) ORDER BY made_at DESC, id DESC LIMIT :most;

-- name: portal_link_ended
-- A link leads nowhere any more.
DELETE FROM portal_link WHERE id = :id;

-- name: portal_links_swept
-- Links that have run out are forgotten.
DELETE FROM portal_link WHERE expires_at <= :now;
