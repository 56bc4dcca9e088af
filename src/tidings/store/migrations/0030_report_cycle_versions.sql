-- Filter cycles in all their versions. What a cycle holds now stands in `report_cycle`; when it is saved or removed, what
-- it held until then is kept here, so that reports can tell by what they were spread.
CREATE TABLE report_cycle_version (
    cycle TEXT NOT NULL,
    version BIGINT NOT NULL,
    template TEXT NOT NULL,
    title TEXT NOT NULL,
    query TEXT NOT NULL,
    fields TEXT NOT NULL,
    limits TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    saved_by TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (cycle, version)
);

-- Who saved the version that it has: empty for whoever made it.
ALTER TABLE report_cycle ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE report_cycle ADD COLUMN saved_by TEXT NOT NULL DEFAULT '';

-- By which version of which cycle a run is spread, or was; empty and 0 for what is not.
ALTER TABLE report ADD COLUMN cycle TEXT NOT NULL DEFAULT '';
ALTER TABLE report ADD COLUMN cycle_version BIGINT NOT NULL DEFAULT 0;
