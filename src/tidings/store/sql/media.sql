-- name: media_begun
-- A file whose pieces will follow.
INSERT INTO media (id, name, content_type, kind, size, width, height, connector, author, created_at)
VALUES (:id, :name, :content_type, :kind, :size, :width, :height, :connector, :author, :at);

-- name: media_chunk_added
-- A piece of a file.
INSERT INTO media_chunk (media, number, data) VALUES (:media, :number, :data);

-- name: media_finished
-- All pieces are there; from now on the file can be seen.
UPDATE media SET is_whole = 1 WHERE id = :id AND is_whole = 0;

-- name: media
-- A file that can be seen, without its pieces.
SELECT id, name, content_type, kind, size, width, height FROM media WHERE id = :id AND is_whole = 1;

-- name: media_chunk
-- A piece of a file.
SELECT data FROM media_chunk WHERE media = :media AND number = :number;

-- name: media_unfinished
-- Files that were begun before an instant and never finished, oldest first.
SELECT id FROM media WHERE is_whole = 0 AND created_at < :before ORDER BY created_at LIMIT :most;

-- name: media_chunks_dropped
-- Some pieces of a file that was never finished go.
DELETE FROM media_chunk
WHERE media = :media
AND number IN (SELECT number FROM media_chunk WHERE media = :media ORDER BY number LIMIT :most)
RETURNING number;

-- name: media_dropped
-- A file that was never finished goes.
DELETE FROM media WHERE id = :id AND is_whole = 0;
