-- name: audited
-- Who did what to whom.
INSERT INTO audit (id, at, actor, action, about) VALUES (:id, :at, :actor, :action, :about);

-- name: audit
-- The record, newest first.
SELECT id, at, actor, action, about FROM audit WHERE id < :before ORDER BY id DESC LIMIT :most;
