-- Where the scores stood when they were last compared, so that a change is told once, whichever worker sees it.

CREATE TABLE drift_states (
    -- An organisation's id; empty: everybody's cases.
    scope TEXT NOT NULL,
    check_name TEXT NOT NULL,
    -- too_few, steady, watch, alarm
    state TEXT NOT NULL,
    -- Since when.
    since BIGINT NOT NULL,
    PRIMARY KEY (scope, check_name)
);
