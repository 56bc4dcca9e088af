-- Reports as they are planned: templates in all their versions, filter cycles, tasks, tags, triggers, and who may do what.

-- A template that was removed is kept: reports that it made can be looked at still.
CREATE TABLE report_template (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    version BIGINT NOT NULL,
    is_base SMALLINT NOT NULL,
    meta TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE INDEX report_template_made_at ON report_template (made_at, id) WHERE removed_at IS NULL;
CREATE INDEX report_template_is_base ON report_template (is_base, made_at, id) WHERE removed_at IS NULL;

-- `content` is JSON, up to some megabytes: it is read by template and version only.
CREATE TABLE report_template_version (
    template TEXT NOT NULL,
    version BIGINT NOT NULL,
    content TEXT NOT NULL,
    saved_by TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (template, version)
);

-- `fields` is a JSON list, `limits` a JSON object of the values that some of them are limited to.
CREATE TABLE report_cycle (
    id TEXT PRIMARY KEY,
    template TEXT NOT NULL,
    title TEXT NOT NULL,
    query TEXT NOT NULL,
    fields TEXT NOT NULL,
    limits TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    saved_at BIGINT NOT NULL
);
CREATE INDEX report_cycle_made_at ON report_cycle (made_at, id);
CREATE INDEX report_cycle_template ON report_cycle (template, made_at, id);

-- `draft` is JSON of all that was said of the task but its tags; what tasks are found by stands in columns, too.
-- `next_at` is when it is due by its schedule, `last_at` the last window that was claimed.
CREATE TABLE report_task (
    id TEXT PRIMARY KEY,
    template TEXT NOT NULL,
    cycle TEXT NOT NULL,
    fired_by TEXT NOT NULL,
    priority SMALLINT NOT NULL,
    is_enabled SMALLINT NOT NULL,
    is_waiting SMALLINT NOT NULL,
    owner TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    next_at BIGINT,
    last_at BIGINT,
    draft TEXT NOT NULL
);
CREATE INDEX report_task_next_at ON report_task (next_at, priority DESC, id) WHERE next_at IS NOT NULL;
CREATE INDEX report_task_made_at ON report_task (made_at, id, is_waiting);
CREATE INDEX report_task_template ON report_task (template, made_at, id, is_waiting);
CREATE INDEX report_task_fired_by ON report_task (fired_by, made_at, id) WHERE fired_by <> '';
CREATE INDEX report_task_cycle ON report_task (cycle) WHERE cycle <> '';

-- `folded` is the title as titles are compared: no two differ by capitals alone.
CREATE TABLE report_tag (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE
);

CREATE TABLE report_task_tag (
    task TEXT NOT NULL,
    tag TEXT NOT NULL,
    place SMALLINT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (task, tag)
);
CREATE INDEX report_task_tag_tag ON report_task_tag (tag, made_at, task);

-- `property` is a hash of a name in `meta` and its value: tasks are asked for by both.
CREATE TABLE report_task_property (
    task TEXT NOT NULL,
    property TEXT NOT NULL,
    PRIMARY KEY (task, property)
);

-- An event that fires a trigger: `types` is JSON. `webhook` is the number of the subscription by which it is heard, once
-- there is one.
CREATE TABLE report_trigger (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    types TEXT NOT NULL,
    webhook BIGINT,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL
);

CREATE TABLE report_role (
    person TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    given_at BIGINT NOT NULL
);
