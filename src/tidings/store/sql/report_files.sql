-- name: report_file_begun
-- A file whose pieces will follow.
INSERT INTO report_file (id, report, job, place, format, name, size, made_at)
VALUES (:id, :report, :job, :place, :format, :name, :size, :made_at);

-- name: report_chunk_added
-- A piece of a file.
INSERT INTO report_chunk (file, number, data) VALUES (:file, :number, :data);

-- name: report_file_finished
-- All pieces are there; from now on the file can be seen.
UPDATE report_file SET is_whole = 1 WHERE id = :id AND is_whole = 0;

-- name: report_file
-- A file that can be seen, without its pieces.
SELECT id, report, format, name, size, made_at FROM report_file
WHERE id = :id AND is_whole = 1 AND format <> 'snapshot';

-- name: report_snapshot
-- The data that a report was made of.
SELECT id, size FROM report_file
WHERE report = :report AND is_whole = 1 AND format = 'snapshot' ORDER BY place, id LIMIT 1;

-- name: report_files
-- The files that a run made.
SELECT id, report, format, name, size, made_at FROM report_file
WHERE report = :report AND is_whole = 1 AND job = '' AND format <> 'snapshot' ORDER BY place, id LIMIT :most;

-- name: report_chunk
-- A piece of a file.
SELECT data FROM report_chunk WHERE file = :file AND number = :number;

-- name: report_files_unfinished
-- Files that were begun before an instant and never finished, oldest first.
SELECT id FROM report_file WHERE is_whole = 0 AND made_at < :before ORDER BY made_at LIMIT :most;

-- name: report_files_all
-- Whatever is kept of a report.
SELECT id FROM report_file WHERE report = :report ORDER BY place, id LIMIT :most;

-- name: report_files_of_job
-- What a render made.
SELECT id FROM report_file WHERE job <> '' AND job = :job LIMIT :most;

-- name: report_chunks_dropped
-- Some pieces of a file go.
DELETE FROM report_chunk
WHERE file = :file
AND number IN (SELECT number FROM report_chunk WHERE file = :file ORDER BY number LIMIT :most)
RETURNING number;

-- name: report_file_hidden
-- Nobody sees a file any more.
UPDATE report_file SET is_whole = 0 WHERE id = :id;

-- name: report_file_dropped
-- A file goes.
DELETE FROM report_file WHERE id = :id;

-- name: report_job_added
-- A render is asked for.
INSERT INTO report_job (id, report, template, version, format, parameters, filters, author, state, made_at, file)
VALUES (:id, :report, :template, :version, :format, :parameters, :filters, :author, :state, :made_at, :file);

-- name: report_job
-- A render.
SELECT id, report, template, format, state, made_at, error, file FROM report_job WHERE id = :id;

-- name: report_job_order
-- A render, as whoever makes it must know it.
SELECT id, report, template, version, format, parameters, filters, losses FROM report_job WHERE id = :id;

-- name: report_job_taken
-- The render that is next is its taker's.
UPDATE report_job SET owner = :owner
WHERE id = (SELECT id FROM report_job WHERE state = 'pending' AND owner = 0 ORDER BY made_at, id LIMIT 1)
RETURNING id;

-- name: report_job_next
-- The render that is next.
SELECT id FROM report_job WHERE state = 'pending' AND owner = 0 ORDER BY made_at, id LIMIT 1;

-- name: report_jobs_dead
-- A render whose process died.
SELECT id FROM report_job
WHERE state = 'pending' AND owner <> 0 AND NOT EXISTS (SELECT 1 FROM owner WHERE owner.id = report_job.owner)
ORDER BY made_at, id LIMIT 1;

-- name: report_jobs_under_way
-- What a process renders.
SELECT id FROM report_job WHERE state = 'pending' AND owner = :owner ORDER BY made_at, id LIMIT :most;

-- name: report_job_ended
-- A render is there, or cannot be made.
UPDATE report_job SET state = :state, owner = 0, error = :error, file = :file WHERE id = :id AND state = 'pending';

-- name: report_job_given_back
-- A render was broken off because its process ends.
UPDATE report_job SET owner = 0 WHERE id = :id AND state = 'pending';

-- name: report_jobs_moved
-- What a process renders is its own under its new number, too.
UPDATE report_job SET owner = :owner WHERE owner = :before AND state = 'pending';

-- name: report_jobs_found
-- Renders whose process died are made once more.
UPDATE report_job SET owner = 0, losses = losses + 1
WHERE state = 'pending' AND owner <> 0 AND losses = 0
AND NOT EXISTS (SELECT 1 FROM owner WHERE owner.id = report_job.owner);

-- name: report_jobs_lost
-- Renders whose process died twice are not made.
UPDATE report_job SET state = 'err', owner = 0, error = :error
WHERE state = 'pending' AND owner <> 0 AND losses > 0
AND NOT EXISTS (SELECT 1 FROM owner WHERE owner.id = report_job.owner);

-- name: report_jobs_old
-- Renders from before an instant.
SELECT id FROM report_job WHERE made_at < :before AND state <> 'pending' ORDER BY made_at LIMIT :most;

-- name: report_job_dropped
-- A render is forgotten.
DELETE FROM report_job WHERE id = :id;
