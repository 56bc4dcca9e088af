-- Reports: what runs of tasks made, how they fared, and their files.

-- `claim` says what the run is for: a window (`at:…`), an event that fired a trigger (`event:…`), or itself; so that no
-- window and no firing is run twice. `tags`, `cycled` and `made_with` are JSON. `retry_at` is when it may be taken, not before.
-- `failures` are attempts that failed, `losses` those whose process died. `owner` is that of the hub, 0 for none.
-- `gate_event` is the event that must be answered before it goes on, which was told at `gate_since`.
CREATE TABLE report (
    id TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    template TEXT NOT NULL,
    version BIGINT NOT NULL,
    title TEXT NOT NULL,
    tags TEXT NOT NULL,
    cause TEXT NOT NULL,
    claim TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    is_dry SMALLINT NOT NULL,
    cycled TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL DEFAULT 0,
    queued_at BIGINT NOT NULL,
    retry_at BIGINT NOT NULL,
    began_at BIGINT,
    completed_at BIGINT,
    row_count BIGINT,
    error TEXT NOT NULL DEFAULT '',
    owner BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    losses BIGINT NOT NULL DEFAULT 0,
    is_told SMALLINT NOT NULL DEFAULT 0,
    gate_event BIGINT NOT NULL DEFAULT 0,
    gate_since BIGINT NOT NULL DEFAULT 0,
    made_with TEXT NOT NULL DEFAULT '',
    UNIQUE (task, claim, cycled)
);
-- The queue, and what is under way.
CREATE INDEX report_queue ON report (priority DESC, queued_at, id) WHERE state = 'queued';
CREATE INDEX report_running ON report (owner) WHERE state = 'running';
-- Lists, newest first; and what is old enough to be forgotten.
CREATE INDEX report_newest ON report (queued_at, id);
CREATE INDEX report_of_task ON report (task, queued_at, id);
CREATE INDEX report_of_template ON report (template, queued_at, id);
CREATE INDEX report_in_state ON report (state, queued_at, id);

CREATE TABLE report_with_tag (
    tag TEXT NOT NULL,
    queued_at BIGINT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (tag, queued_at, report)
);
CREATE INDEX report_with_tag_of ON report_with_tag (report);

-- What was tried, and how long its parts took.
CREATE TABLE report_attempt (
    report TEXT NOT NULL,
    number BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT NOT NULL,
    reading_ms BIGINT NOT NULL,
    drawing_ms BIGINT NOT NULL,
    keeping_ms BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    PRIMARY KEY (report, number)
);

-- `id` is random, `place` the order of the files of a report. `format` is a report's, or `snapshot` for the data that it was made of. `report` is empty for a file
-- that a template was rendered to. `job` asked for it, empty for what the run itself made. All pieces but the last
-- have 256 KiB; a file is seen by nobody before `is_whole`.
CREATE TABLE report_file (
    id TEXT PRIMARY KEY,
    report TEXT NOT NULL,
    job TEXT NOT NULL,
    place BIGINT NOT NULL,
    format TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    is_whole SMALLINT NOT NULL DEFAULT 0
);
CREATE INDEX report_file_of ON report_file (report, place, id);
CREATE INDEX report_file_of_job ON report_file (job) WHERE job <> '';
CREATE INDEX report_file_unfinished ON report_file (made_at) WHERE is_whole = 0;

CREATE TABLE report_chunk (
    file TEXT NOT NULL,
    number BIGINT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (file, number)
);

-- Renders that were asked for: of a report, or of a template's version. `parameters` and `filters` are JSON.
CREATE TABLE report_job (
    id TEXT PRIMARY KEY,
    report TEXT NOT NULL,
    template TEXT NOT NULL,
    version BIGINT NOT NULL,
    format TEXT NOT NULL,
    parameters TEXT NOT NULL,
    filters TEXT NOT NULL,
    author TEXT NOT NULL,
    state TEXT NOT NULL,
    owner BIGINT NOT NULL DEFAULT 0,
    losses BIGINT NOT NULL DEFAULT 0,
    made_at BIGINT NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    file TEXT NOT NULL DEFAULT ''
);
CREATE INDEX report_job_waiting ON report_job (made_at, id) WHERE state = 'pending';
CREATE INDEX report_job_made ON report_job (made_at);

-- Webhooks that must answer `preReportTask` before a run goes on; `otherwise` says what becomes of it if they do not.
CREATE TABLE report_gate (
    subscription TEXT PRIMARY KEY,
    wait_ms BIGINT NOT NULL,
    otherwise TEXT NOT NULL
);
