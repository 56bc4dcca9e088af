-- name: report_task_made
-- A new task.
INSERT INTO report_task (
    id, template, cycle, fired_by, priority, is_enabled, draft, owner, is_waiting, made_at, saved_at, next_at
) VALUES (
    :id, :template, :cycle, :fired_by, :priority, :is_enabled, :draft, :owner, :is_waiting, :at, :at, :next_at
);

-- name: report_task_saved
-- A task is like that from now on, unless somebody else changed it meanwhile; when it is due stays as it is.
UPDATE report_task SET template = :template, cycle = :cycle, fired_by = :fired_by, priority = :priority,
    is_enabled = :is_enabled, draft = :draft, is_waiting = :is_waiting, saved_at = :at
WHERE id = :id AND saved_at = :was;

-- name: report_task_scheduled
-- When a task is due next. With `once`, one that has run is not due again.
UPDATE report_task SET next_at = CASE WHEN :once = 1 AND last_at IS NOT NULL THEN NULL ELSE CAST(:next_at AS BIGINT) END
WHERE id = :id;

-- name: report_task_claimed
-- A window of a task is somebody's; the task is due then for the next one.
UPDATE report_task SET next_at = CAST(:next_at AS BIGINT), last_at = :was WHERE id = :id AND next_at = :was;

-- name: report_tasks_put_off_audited
-- Whose change makes the approved tasks of a template, or of a filter cycle on it, wait: an entry for each, numbered on
-- from one. Failure policy: one whose number somebody drew in that millisecond, of a million, is left out.
INSERT INTO audit (id, at, actor, action, about)
SELECT CAST(:first AS BIGINT) + ROW_NUMBER() OVER (ORDER BY id), CAST(:at AS BIGINT), CAST(:actor AS TEXT),
    CAST(:action AS TEXT), id
FROM report_task
WHERE template = :template AND (CAST(:cycle AS TEXT) = '' OR cycle = :cycle) AND is_waiting = 0
ON CONFLICT (id) DO NOTHING;

-- name: report_tasks_put_off
-- The approved tasks of a template, or of a filter cycle on it, wait for approval, and whoever has one open finds it changed.
UPDATE report_task SET is_waiting = 1, next_at = NULL,
    saved_at = CASE WHEN saved_at < :at THEN CAST(:at AS BIGINT) ELSE saved_at + 1 END
WHERE template = :template AND (CAST(:cycle AS TEXT) = '' OR cycle = :cycle) AND is_waiting = 0
RETURNING id;

-- name: report_task_removed
-- A task is there no more.
DELETE FROM report_task WHERE id = :id;

-- name: report_task_untagged
-- A task has no tags.
DELETE FROM report_task_tag WHERE task = :task;

-- name: report_task_tagged
-- A task has that tag, if there is one of that id.
INSERT INTO report_task_tag (task, tag, place, made_at)
SELECT CAST(:task AS TEXT), id, CAST(:place AS SMALLINT), CAST(:made_at AS BIGINT) FROM report_tag WHERE id = :tag;

-- name: report_task_unmarked
-- A task has no properties.
DELETE FROM report_task_property WHERE task = :task;

-- name: report_task_marked
-- By which properties a task is found.
INSERT INTO report_task_property (task, property)
SELECT CAST(:task AS TEXT), value FROM json_each(CAST(:properties AS TEXT)) AS listed;

-- name: report_task
-- A task.
-- finds: by key
SELECT id, draft, owner, is_waiting, made_at, saved_at, next_at, 1 AS total, COALESCE((
    SELECT string_agg(tag, ',' ORDER BY place) FROM report_task_tag WHERE report_task_tag.task = report_task.id
), '') AS tags
FROM report_task WHERE id = :id;

-- name: report_tasks_due
-- Tasks that are due, the longest due first, of those the most urgent.
SELECT one.id, one.draft, one.owner, one.is_waiting, one.made_at, one.saved_at, one.next_at, 0 AS total, COALESCE((
    SELECT string_agg(tag, ',' ORDER BY place) FROM report_task_tag WHERE report_task_tag.task = one.id
), '') AS tags
FROM report_task AS one WHERE one.next_at IS NOT NULL AND one.next_at <= :until
ORDER BY one.next_at, one.priority DESC, one.id LIMIT :most;

-- name: report_tasks_next_at
-- When a task is due next, of all that there are.
SELECT next_at FROM report_task WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1;

-- name: report_tasks_fired
-- Tasks that a trigger makes run, the oldest first.
SELECT one.id, one.draft, one.owner, one.is_waiting, one.made_at, one.saved_at, one.next_at, 0 AS total, COALESCE((
    SELECT string_agg(tag, ',' ORDER BY place) FROM report_task_tag WHERE report_task_tag.task = one.id
), '') AS tags
FROM report_task AS one
WHERE one.fired_by = :fired_by AND one.fired_by <> '' AND one.is_enabled = 1 AND one.is_waiting = 0
    AND (one.made_at, one.id) > (:made_at, :id)
ORDER BY one.made_at, one.id LIMIT :most;

-- name: report_tasks
-- Tasks, the newest first, and how many there are. To SQLite, CROSS JOIN says in which order to look; so below.
WITH matching AS NOT MATERIALIZED (
    SELECT task.id AS id, task.made_at AS made_at FROM report_task AS task
    WHERE (CAST(:is_waiting AS SMALLINT) < 0 OR task.is_waiting = :is_waiting)
        AND (CAST(:marks AS BIGINT) = 0 OR :marks = (
            SELECT count(*) FROM json_each(CAST(:properties AS TEXT)) AS listed
            JOIN report_task_property AS mark ON mark.task = task.id AND mark.property = listed.value
        ))
)
SELECT one.id, one.draft, one.owner, one.is_waiting, one.made_at, one.saved_at, one.next_at,
    (SELECT count(*) FROM matching) AS total, COALESCE((
    SELECT string_agg(tag, ',' ORDER BY place) FROM report_task_tag WHERE report_task_tag.task = one.id
), '') AS tags
FROM (SELECT id FROM matching ORDER BY made_at DESC, id DESC LIMIT :most OFFSET :skip) AS page
CROSS JOIN report_task AS one WHERE one.id = page.id
ORDER BY one.made_at DESC, one.id DESC;

-- name: report_tasks_of_template
-- Tasks of a template, the newest first, and how many there are.
WITH matching AS NOT MATERIALIZED (
    SELECT task.id AS id, task.made_at AS made_at FROM report_task AS task
    WHERE task.template = :template
        AND (CAST(:is_waiting AS SMALLINT) < 0 OR task.is_waiting = :is_waiting)
        AND (CAST(:marks AS BIGINT) = 0 OR :marks = (
            SELECT count(*) FROM json_each(CAST(:properties AS TEXT)) AS listed
            JOIN report_task_property AS mark ON mark.task = task.id AND mark.property = listed.value
        ))
)
SELECT one.id, one.draft, one.owner, one.is_waiting, one.made_at, one.saved_at, one.next_at,
    (SELECT count(*) FROM matching) AS total, COALESCE((
    SELECT string_agg(tag, ',' ORDER BY place) FROM report_task_tag WHERE report_task_tag.task = one.id
), '') AS tags
FROM (SELECT id FROM matching ORDER BY made_at DESC, id DESC LIMIT :most OFFSET :skip) AS page
CROSS JOIN report_task AS one WHERE one.id = page.id
ORDER BY one.made_at DESC, one.id DESC;

-- name: report_tasks_of_trigger
-- Tasks of a trigger, the newest first, and how many there are.
WITH matching AS NOT MATERIALIZED (
    SELECT task.id AS id, task.made_at AS made_at FROM report_task AS task
    WHERE task.fired_by = :fired_by AND task.fired_by <> ''
        AND (CAST(:template AS TEXT) = '' OR task.template = :template)
        AND (CAST(:is_waiting AS SMALLINT) < 0 OR task.is_waiting = :is_waiting)
        AND (CAST(:marks AS BIGINT) = 0 OR :marks = (
            SELECT count(*) FROM json_each(CAST(:properties AS TEXT)) AS listed
            JOIN report_task_property AS mark ON mark.task = task.id AND mark.property = listed.value
        ))
)
SELECT one.id, one.draft, one.owner, one.is_waiting, one.made_at, one.saved_at, one.next_at,
    (SELECT count(*) FROM matching) AS total, COALESCE((
    SELECT string_agg(tag, ',' ORDER BY place) FROM report_task_tag WHERE report_task_tag.task = one.id
), '') AS tags
FROM (SELECT id FROM matching ORDER BY made_at DESC, id DESC LIMIT :most OFFSET :skip) AS page
CROSS JOIN report_task AS one WHERE one.id = page.id
ORDER BY one.made_at DESC, one.id DESC;

-- name: report_tasks_of_tag
-- Tasks that have a tag, the newest first, and how many there are.
WITH matching AS NOT MATERIALIZED (
    SELECT tagged.task AS id, tagged.made_at AS made_at FROM report_task_tag AS tagged CROSS JOIN report_task AS task
    WHERE tagged.tag = :tag AND task.id = tagged.task
        AND (CAST(:fired_by AS TEXT) = '' OR task.fired_by = :fired_by)
        AND (CAST(:template AS TEXT) = '' OR task.template = :template)
        AND (CAST(:is_waiting AS SMALLINT) < 0 OR task.is_waiting = :is_waiting)
        AND (CAST(:marks AS BIGINT) = 0 OR :marks = (
            SELECT count(*) FROM json_each(CAST(:properties AS TEXT)) AS listed
            JOIN report_task_property AS mark ON mark.task = task.id AND mark.property = listed.value
        ))
)
SELECT one.id, one.draft, one.owner, one.is_waiting, one.made_at, one.saved_at, one.next_at,
    (SELECT count(*) FROM matching) AS total, COALESCE((
    SELECT string_agg(tag, ',' ORDER BY place) FROM report_task_tag WHERE report_task_tag.task = one.id
), '') AS tags
FROM (SELECT id FROM matching ORDER BY made_at DESC, id DESC LIMIT :most OFFSET :skip) AS page
CROSS JOIN report_task AS one WHERE one.id = page.id
ORDER BY one.made_at DESC, one.id DESC;

-- name: report_tag_made
-- A new tag, unless there is one that is called so.
INSERT INTO report_tag (id, title, folded) VALUES (:id, :title, :folded) ON CONFLICT (folded) DO NOTHING;

-- name: report_tag_renamed
-- A tag is called that from now on, unless another one is.
UPDATE report_tag SET title = :title, folded = :folded
WHERE id = :id AND NOT EXISTS (SELECT 1 FROM report_tag AS other WHERE other.folded = :folded AND other.id <> :id);

-- name: report_tag_removed
-- A tag is there no more.
DELETE FROM report_tag WHERE id = :id;

-- name: report_tag_detached
-- No task has that tag any more.
DELETE FROM report_task_tag WHERE tag = :tag;

-- name: report_tag
-- A tag.
-- finds: by key
SELECT id, title FROM report_tag WHERE id = :id;

-- name: report_tags
-- Tags by title.
SELECT id, title FROM report_tag WHERE folded > :after ORDER BY folded LIMIT :most;

-- name: report_tags_named
-- What tags of a list are called.
SELECT id, title FROM report_tag WHERE id IN (SELECT value FROM json_each(CAST(:ids AS TEXT))) ORDER BY folded;

-- name: report_triggers
-- Triggers by name, from one to the next: those that tasks name, and those that an event fires.
WITH RECURSIVE step (name) AS (
    SELECT (
        SELECT MIN(name) FROM (
            SELECT MIN(fired_by) AS name FROM report_task WHERE fired_by > CAST(:after AS TEXT) AND fired_by <> ''
            UNION ALL
            SELECT MIN(name) FROM report_trigger WHERE name > :after
        ) AS first
    )
    UNION ALL
    SELECT (
        SELECT MIN(name) FROM (
            SELECT MIN(fired_by) AS name FROM report_task WHERE fired_by > step.name AND fired_by <> ''
            UNION ALL
            SELECT MIN(name) FROM report_trigger WHERE report_trigger.name > step.name
        ) AS following
    )
    FROM step WHERE step.name IS NOT NULL
)
SELECT chosen.name,
    (SELECT count(*) FROM report_task WHERE report_task.fired_by = chosen.name AND report_task.fired_by <> '') AS tasks,
    COALESCE(report_trigger.kind, '') AS kind, COALESCE(report_trigger.subject, '') AS subject,
    COALESCE(report_trigger.types, '[]') AS types, report_trigger.webhook
FROM (SELECT name FROM step WHERE name IS NOT NULL LIMIT :most) AS chosen
LEFT JOIN report_trigger ON report_trigger.name = chosen.name
ORDER BY chosen.name;

-- name: report_trigger
-- The event that fires a trigger.
-- finds: by key
SELECT name, kind, subject, types, webhook FROM report_trigger WHERE name = :name;

-- name: report_triggers_unheard
-- Triggers that are to be fired by an event which nobody subscribed to yet.
SELECT name, kind, subject, types, webhook FROM report_trigger
WHERE webhook IS NULL AND name > :after ORDER BY name LIMIT :most;

-- name: report_trigger_hears
-- An event fires a trigger from now on, unless one does already.
INSERT INTO report_trigger (name, kind, subject, types, made_by, made_at)
VALUES (:name, :kind, :subject, :types, :by, :at) ON CONFLICT (name) DO NOTHING;

-- name: report_trigger_subscribed
-- By which subscription a trigger hears its event, unless it has one.
UPDATE report_trigger SET webhook = :webhook WHERE name = :name AND webhook IS NULL;

-- name: report_trigger_deaf
-- No event fires a trigger any more, unless somebody subscribed to it meanwhile; numbers of subscriptions begin at 1.
DELETE FROM report_trigger WHERE name = :name AND COALESCE(webhook, 0) = :webhook;

-- name: report_role
-- What a person may do with reports; nothing for who was given no role, or is erased.
-- finds: by key
SELECT report_role.role FROM report_role JOIN person ON person.id = report_role.person
WHERE report_role.person = :person AND person.erased_at IS NULL;

-- name: report_roles
-- People with a role in reports, by person.
SELECT person.id, COALESCE(person.phone, '') AS phone, person.name, person.picture, report_role.role
FROM report_role JOIN person ON person.id = report_role.person
WHERE report_role.person > :after AND person.erased_at IS NULL ORDER BY report_role.person LIMIT :most;

-- name: report_role_given
-- A person may do that with reports from now on.
INSERT INTO report_role (person, role, given_at)
SELECT id, :role, CAST(:at AS BIGINT) FROM person WHERE id = :person AND erased_at IS NULL AND is_bot = 0
ON CONFLICT (person) DO UPDATE SET role = excluded.role, given_at = excluded.given_at;

-- name: report_role_taken
-- A person has no role in reports any more.
DELETE FROM report_role WHERE person = :person;
