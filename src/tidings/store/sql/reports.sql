-- name: report_added
-- A run waits to be made, unless there is or was one for the same; by the versions that its template and its filter cycle
-- have now, unless it is for others already.
INSERT INTO report (
    id, task, template, version, title, tags, cause, claim, due_at, priority, is_dry, cycled, cycle, cycle_version,
    state, queued_at, retry_at
)
VALUES (
    :id, :task, :template,
    CASE WHEN CAST(:version AS BIGINT) > 0 THEN CAST(:version AS BIGINT)
        ELSE COALESCE((SELECT version FROM report_template WHERE id = :template AND removed_at IS NULL), 0) END,
    :title, :tags, :cause, :claim, :due_at, :priority, :is_dry, :cycled, :cycle,
    CASE WHEN CAST(:cycle_version AS BIGINT) > 0 THEN CAST(:cycle_version AS BIGINT)
        ELSE COALESCE((SELECT version FROM report_cycle WHERE id = :cycle), 0) END,
    'queued', :queued_at, :queued_at
)
ON CONFLICT (task, claim, cycled) DO NOTHING
RETURNING id;

-- name: report_tagged
-- A run has a tag, if it was added.
INSERT INTO report_with_tag (tag, queued_at, report)
SELECT CAST(:tag AS TEXT), queued_at, id FROM report WHERE id = :report
ON CONFLICT (tag, queued_at, report) DO NOTHING;

-- name: report
-- A run.
SELECT
    id, task, template, version, title, tags, cause, due_at, priority, is_dry, cycled, cycle, cycle_version, state,
    attempt, queued_at, began_at, completed_at, row_count AS "rows", error
FROM report WHERE id = :id;

-- name: report_run
-- A run with all that whoever makes it must know.
SELECT
    id, task, template, version, title, tags, cause, due_at, priority, is_dry, cycled, cycle, cycle_version, state,
    attempt, queued_at, began_at, completed_at, row_count AS "rows", error, claim, failures, losses, is_told, gate_event, gate_since
FROM report WHERE id = :id;

-- name: report_taken
-- The run that is next in the queue is its taker's.
UPDATE report SET state = 'running', owner = :owner, attempt = attempt + 1, began_at = :now
WHERE id = (
    SELECT id FROM report WHERE state = 'queued' AND retry_at <= :now ORDER BY priority DESC, queued_at, id LIMIT 1
)
RETURNING id;

-- name: report_version_chosen
-- By which version of its template a run is made, and with what.
UPDATE report SET version = :version, made_with = :made_with WHERE id = :id;

-- name: report_spread
-- By which version of which filter cycle a run is spread.
UPDATE report SET cycle = :cycle, cycle_version = :version WHERE id = :id;

-- name: report_made_with
-- What a run was made with.
SELECT made_with FROM report WHERE id = :id;

-- name: report_next
-- The run that is next in the queue.
SELECT id FROM report WHERE state = 'queued' AND retry_at <= :now ORDER BY priority DESC, queued_at, id LIMIT 1;

-- name: report_told
-- The callbacks before a run are owed.
UPDATE report SET is_told = 1, gate_since = :gate_since
WHERE id = :id AND attempt = :attempt AND state = 'running';

-- name: report_gated
-- A run waits for answers to an event.
UPDATE report
SET state = 'queued', owner = 0, gate_event = :event, gate_since = :since, retry_at = :retry_at, attempt = attempt - 1
WHERE id = :id AND attempt = :attempt AND state = 'running';

-- name: report_gate_passed
-- A run waits for nobody any more.
UPDATE report SET gate_event = 0, gate_since = 0 WHERE id = :id AND attempt = :attempt AND state = 'running';

-- name: report_postponed
-- An attempt failed; another one follows.
UPDATE report SET state = 'queued', owner = 0, failures = failures + 1, retry_at = :retry_at, error = :error
WHERE id = :id AND attempt = :attempt AND state = 'running';

-- name: report_given_back
-- An attempt was broken off because its process ends: it does not count.
UPDATE report SET state = 'queued', owner = 0, attempt = attempt - 1
WHERE id = :id AND attempt = :attempt AND state = 'running';

-- name: report_ended
-- A run is over, if this attempt is still the one.
UPDATE report
SET state = :state, owner = 0, completed_at = :at, row_count = :row_count, error = :error
WHERE id = :id AND attempt = :attempt AND state = 'running';

-- name: report_cancelled
-- A run is over because somebody does not want it any more.
UPDATE report SET state = 'failure', owner = 0, completed_at = :at, error = :error
WHERE id = :id AND state IN ('queued', 'running');

-- name: report_moved
-- What a process makes is its own under its new number, too.
UPDATE report SET owner = :owner WHERE owner = :before AND state = 'running';

-- name: reports_lost
-- Runs whose process died.
SELECT
    id, task, template, version, title, tags, cause, due_at, priority, is_dry, cycled, cycle, cycle_version, state,
    attempt, queued_at, began_at, completed_at, row_count AS "rows", error, claim, failures, losses, is_told, gate_event, gate_since
FROM report
WHERE state = 'running' AND NOT EXISTS (SELECT 1 FROM owner WHERE owner.id = report.owner)
ORDER BY queued_at, id LIMIT :most;

-- name: report_found
-- A run whose process died is to be made once more.
UPDATE report SET state = 'queued', owner = 0, losses = losses + 1, retry_at = :now, error = :error
WHERE id = :id AND attempt = :attempt AND state = 'running';

-- name: reports_running
-- What is under way in a process.
SELECT id FROM report WHERE state = 'running' AND owner = :owner ORDER BY owner LIMIT :most;

-- name: reports_standing
-- How many runs wait, and are under way, up to a number each.
SELECT 'queued' AS state, count(*) AS count
FROM (SELECT 1 FROM report WHERE state = 'queued' ORDER BY queued_at LIMIT :most) AS first
UNION ALL
SELECT 'running' AS state, count(*) AS count
FROM (SELECT 1 FROM report WHERE state = 'running' ORDER BY queued_at LIMIT :most) AS first;

-- name: reports
-- Runs, newest first. What is empty or below 0 does not matter; published is what has succeeded and was no dry run.
SELECT
    id, task, template, version, title, tags, cause, due_at, priority, is_dry, cycled, cycle, cycle_version, state,
    attempt, queued_at, began_at, completed_at, row_count AS "rows", error
FROM report
WHERE (:state = '' OR state = :state)
AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
ORDER BY queued_at DESC, id DESC LIMIT :most OFFSET :skip;

-- name: reports_counted
-- How many there are, up to a number.
SELECT count(*) FROM (
    SELECT 1 FROM report
    WHERE (:state = '' OR state = :state)
    AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
    LIMIT :most
) AS first;

-- name: reports_in_state
-- Runs in a state, newest first.
SELECT
    id, task, template, version, title, tags, cause, due_at, priority, is_dry, cycled, cycle, cycle_version, state,
    attempt, queued_at, began_at, completed_at, row_count AS "rows", error
FROM report
WHERE state = :state
AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
ORDER BY queued_at DESC, id DESC LIMIT :most OFFSET :skip;

-- name: reports_in_state_counted
-- How many there are, up to a number.
SELECT count(*) FROM (
    SELECT 1 FROM report
    WHERE state = :state
    AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
    LIMIT :most
) AS first;

-- name: reports_of_task
-- Runs of a task, newest first; see `reports`.
SELECT
    id, task, template, version, title, tags, cause, due_at, priority, is_dry, cycled, cycle, cycle_version, state,
    attempt, queued_at, began_at, completed_at, row_count AS "rows", error
FROM report
WHERE task = :task AND (:state = '' OR state = :state)
AND (:template = '' OR template = :template)
AND (:tag = '' OR EXISTS (SELECT 1 FROM report_with_tag WHERE report = report.id AND tag = :tag))
AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
ORDER BY queued_at DESC, id DESC LIMIT :most OFFSET :skip;

-- name: reports_of_task_counted
-- How many there are, up to a number.
SELECT count(*) FROM (
    SELECT 1 FROM report
    WHERE task = :task AND (:state = '' OR state = :state)
    AND (:template = '' OR template = :template)
    AND (:tag = '' OR EXISTS (SELECT 1 FROM report_with_tag WHERE report = report.id AND tag = :tag))
    AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
    LIMIT :most
) AS first;

-- name: reports_of_template
-- Runs by a template, newest first; see `reports`.
SELECT
    id, task, template, version, title, tags, cause, due_at, priority, is_dry, cycled, cycle, cycle_version, state,
    attempt, queued_at, began_at, completed_at, row_count AS "rows", error
FROM report
WHERE template = :template AND (:state = '' OR state = :state)
AND (:tag = '' OR EXISTS (SELECT 1 FROM report_with_tag WHERE report = report.id AND tag = :tag))
AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
ORDER BY queued_at DESC, id DESC LIMIT :most OFFSET :skip;

-- name: reports_of_template_counted
-- How many there are, up to a number.
SELECT count(*) FROM (
    SELECT 1 FROM report
    WHERE template = :template AND (:state = '' OR state = :state)
    AND (:tag = '' OR EXISTS (SELECT 1 FROM report_with_tag WHERE report = report.id AND tag = :tag))
    AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
    LIMIT :most
) AS first;

-- name: reports_with_tag
-- Runs with a tag, newest first; see `reports`.
SELECT
    report.id, task, template, version, title, tags, cause, due_at, priority, is_dry, cycled, cycle, cycle_version,
    state, attempt, report.queued_at, began_at, completed_at, row_count AS "rows", error
FROM report_with_tag JOIN report ON report.id = report_with_tag.report
WHERE report_with_tag.tag = :tag AND (:state = '' OR state = :state)
AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
ORDER BY report_with_tag.queued_at DESC, report_with_tag.report DESC LIMIT :most OFFSET :skip;

-- name: reports_with_tag_counted
-- How many there are, up to a number.
SELECT count(*) FROM (
    SELECT 1 FROM report_with_tag JOIN report ON report.id = report_with_tag.report
    WHERE report_with_tag.tag = :tag AND (:state = '' OR state = :state)
    AND (:published < 0 OR :published = CASE WHEN state = 'success' AND is_dry = 0 THEN 1 ELSE 0 END)
    LIMIT :most
) AS first;

-- name: report_attempt_kept
-- What was tried, and how long it took.
INSERT INTO report_attempt (
    report, number, began_at, ended_at, outcome, error, reading_ms, drawing_ms, keeping_ms, row_count
)
VALUES (
    :report, :number, :began_at, :ended_at, :outcome, :error, :reading_ms, :drawing_ms, :keeping_ms, :row_count
)
ON CONFLICT (report, number) DO NOTHING;

-- name: report_attempts
-- What was tried, in order.
SELECT number, began_at, ended_at, outcome, error, reading_ms, drawing_ms, keeping_ms, row_count AS "rows"
FROM report_attempt WHERE report = :report ORDER BY number LIMIT :most;

-- name: reports_old
-- Runs that were queued before an instant and are over, oldest first.
SELECT id FROM report
WHERE queued_at < :before AND state NOT IN ('queued', 'running') ORDER BY queued_at, id LIMIT :most;

-- name: report_attempts_dropped
-- What was tried for a run is forgotten.
DELETE FROM report_attempt WHERE report = :report;

-- name: report_tags_dropped
-- A run is in no list of a tag any more.
DELETE FROM report_with_tag WHERE report = :report;

-- name: report_dropped
-- A run is forgotten.
DELETE FROM report WHERE id = :report;

-- name: report_gate_set
-- A webhook must answer before a run goes on.
INSERT INTO report_gate (subscription, wait_ms, otherwise) VALUES (:subscription, :wait_ms, :otherwise)
ON CONFLICT (subscription) DO UPDATE SET wait_ms = excluded.wait_ms, otherwise = excluded.otherwise;

-- name: report_gate_removed
-- A webhook need not answer any more.
DELETE FROM report_gate WHERE subscription = :subscription;

-- name: report_gates
-- Webhooks that must answer.
SELECT subscription, wait_ms, otherwise FROM report_gate ORDER BY subscription LIMIT :most;

-- name: report_gate
-- How a webhook must answer.
SELECT subscription, wait_ms, otherwise FROM report_gate WHERE subscription = :subscription;

-- name: report_answers
-- How a delivery stands: the states of its attempts that count.
SELECT state FROM attempt
WHERE subscription = :subscription AND event = :event AND (is_final = 1 OR outcome = 'ok') LIMIT 10;
