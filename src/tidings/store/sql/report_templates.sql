-- name: report_template_made
-- A new template.
INSERT INTO report_template (id, title, version, is_base, meta, made_by, made_at, saved_at)
VALUES (:id, :title, 1, :is_base, :meta, :by, :at, :at)
ON CONFLICT (id) DO NOTHING;

-- name: report_template_held
-- Nobody else removes a template, or changes what it is made of, until the transaction ends.
UPDATE report_template SET saved_at = saved_at WHERE id = :id AND removed_at IS NULL;

-- name: report_template_saved
-- A template is called that from now on, and has that version, unless somebody else saved it meanwhile.
UPDATE report_template SET title = :title, meta = :meta, version = :version, saved_at = :at
WHERE id = :id AND version = :was AND removed_at IS NULL;

-- name: report_template_versioned
-- What a version of a template holds, for good.
INSERT INTO report_template_version (template, version, content, saved_by, saved_at)
VALUES (:template, :version, :content, :by, :at);

-- name: report_template_removed
-- A template is there no more, but for the reports that it made; unless a task uses it.
UPDATE report_template SET removed_at = :at
WHERE id = :id AND NOT EXISTS (SELECT 1 FROM report_task WHERE report_task.template = :id);

-- name: report_cycles_removed
-- With a template go its filter cycles.
DELETE FROM report_cycle WHERE template = :template;

-- name: report_cycles_kept
-- What the filter cycles of a template hold stays to be looked at.
INSERT INTO report_cycle_version (
    cycle, version, template, title, query, fields, limits, made_by, made_at, saved_by, saved_at
)
SELECT id, version, template, title, query, fields, limits, made_by, made_at, saved_by, saved_at
FROM report_cycle WHERE template = :template
ON CONFLICT (cycle, version) DO NOTHING;

-- name: report_template
-- A template that was not removed.
-- finds: by key
SELECT id, title, version, is_base, meta, made_by, made_at, saved_at FROM report_template
WHERE id = :id AND removed_at IS NULL;

-- name: report_template_content
-- What a version of a template holds, also of one that was removed.
SELECT content FROM report_template_version WHERE template = :template AND version = :version;

-- name: report_template_newest
-- What the newest version of a template holds, unless it was removed.
SELECT report_template_version.content FROM report_template
JOIN report_template_version ON report_template_version.template = report_template.id
    AND report_template_version.version = report_template.version
WHERE report_template.id = :template AND report_template.removed_at IS NULL;

-- name: report_template_versions
-- The versions of a template, the newest first.
SELECT version, saved_by, saved_at FROM report_template_version
WHERE template = :template AND version < :before ORDER BY version DESC LIMIT :most;

-- name: report_templates
-- Templates, the newest first, and how many there are. To SQLite, CROSS JOIN says in which order to look; so below.
SELECT one.id, one.title, one.version, one.is_base, one.meta, one.made_by, one.made_at, one.saved_at,
    (SELECT count(*) FROM report_template WHERE removed_at IS NULL) AS total
FROM (SELECT id FROM report_template WHERE removed_at IS NULL ORDER BY made_at DESC, id DESC LIMIT :most OFFSET :skip) AS page
CROSS JOIN report_template AS one WHERE one.id = page.id
ORDER BY one.made_at DESC, one.id DESC;

-- name: report_templates_of_kind
-- Base templates or all others, the newest first, and how many there are.
SELECT one.id, one.title, one.version, one.is_base, one.meta, one.made_by, one.made_at, one.saved_at,
    (SELECT count(*) FROM report_template WHERE is_base = :is_base AND removed_at IS NULL) AS total
FROM (SELECT id FROM report_template WHERE is_base = :is_base AND removed_at IS NULL ORDER BY made_at DESC, id DESC LIMIT :most OFFSET :skip) AS page
CROSS JOIN report_template AS one WHERE one.id = page.id
ORDER BY one.made_at DESC, one.id DESC;

-- name: report_cycle_made
-- A new filter cycle.
INSERT INTO report_cycle (id, template, title, query, fields, limits, made_by, made_at, saved_at)
VALUES (:id, :template, :title, :query, :fields, :limits, :by, :at, :at);

-- name: report_cycle_kept
-- What a filter cycle holds stays to be looked at.
INSERT INTO report_cycle_version (
    cycle, version, template, title, query, fields, limits, made_by, made_at, saved_by, saved_at
)
SELECT id, version, template, title, query, fields, limits, made_by, made_at, saved_by, saved_at
FROM report_cycle WHERE id = :id
ON CONFLICT (cycle, version) DO NOTHING;

-- name: report_cycle_saved
-- A filter cycle is like that from now on, unless somebody else saved it meanwhile.
UPDATE report_cycle
SET title = :title, query = :query, fields = :fields, limits = :limits, version = :version, saved_by = :by, saved_at = :at
WHERE id = :id AND version = :was;

-- name: report_cycle_titled
-- A filter cycle is called that from now on.
UPDATE report_cycle SET title = :title, saved_at = :at WHERE id = :id;

-- name: report_cycle_held
-- The filter cycle of a template stays until the transaction ends.
UPDATE report_cycle SET saved_at = saved_at WHERE id = :id AND template = :template;

-- name: report_cycle_removed
-- A filter cycle is there no more, unless a task uses it.
DELETE FROM report_cycle
WHERE id = :id AND NOT EXISTS (SELECT 1 FROM report_task WHERE report_task.cycle = :id AND report_task.cycle <> '');

-- name: report_cycle
-- A filter cycle.
-- finds: by key
SELECT id, template, title, query, fields, limits, made_by, made_at, saved_at, version FROM report_cycle WHERE id = :id;

-- name: report_cycle_version
-- What a version of a filter cycle held, or holds, also of one that was removed.
SELECT id, template, title, query, fields, limits, made_by, made_at, saved_at, version FROM report_cycle WHERE id = :id AND version = :version
UNION ALL
SELECT cycle AS id, template, title, query, fields, limits, made_by, made_at, saved_at, version
FROM report_cycle_version WHERE cycle = :id AND version = :version;

-- name: report_cycle_versions
-- The versions of a filter cycle, the newest first.
SELECT version, CASE WHEN saved_by = '' THEN made_by ELSE saved_by END AS saved_by, saved_at
FROM report_cycle WHERE id = :id
UNION ALL
SELECT version, CASE WHEN saved_by = '' THEN made_by ELSE saved_by END AS saved_by, saved_at
FROM report_cycle_version WHERE cycle = :id
ORDER BY version DESC LIMIT :most;

-- name: report_cycles
-- Filter cycles, the newest first, and how many there are.
SELECT one.id, one.template, one.title, one.query, one.fields, one.limits, one.made_by, one.made_at, one.saved_at, one.version,
    (SELECT count(*) FROM report_cycle) AS total
FROM (SELECT id FROM report_cycle ORDER BY made_at DESC, id DESC LIMIT :most OFFSET :skip) AS page
CROSS JOIN report_cycle AS one WHERE one.id = page.id
ORDER BY one.made_at DESC, one.id DESC;

-- name: report_cycles_of_template
-- Filter cycles of a template, the newest first, and how many it has.
SELECT one.id, one.template, one.title, one.query, one.fields, one.limits, one.made_by, one.made_at, one.saved_at, one.version,
    (SELECT count(*) FROM report_cycle WHERE template = :template) AS total
FROM (SELECT id FROM report_cycle WHERE template = :template ORDER BY made_at DESC, id DESC LIMIT :most OFFSET :skip) AS page
CROSS JOIN report_cycle AS one WHERE one.id = page.id
ORDER BY one.made_at DESC, one.id DESC;
