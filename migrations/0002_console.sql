-- The reviewers' console: accounts and sessions of people who work here, and what they judged.
-- Written for both engines, like everything here.

CREATE TABLE staff (
    id TEXT PRIMARY KEY,
    -- Typed at sign-in; lower case.
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    roles TEXT NOT NULL,
    -- argon2id in the PHC string format. NULL: signs in through the organisation's provider alone.
    password TEXT,
    -- Given by somebody else: to be replaced at the next sign-in.
    password_temporary SMALLINT NOT NULL,
    -- Sealed under a key outside the database; NULL while none is set up.
    totp TEXT,
    -- The same, waiting for its first code.
    totp_offered TEXT,
    -- The newest time step whose code was taken: none is taken twice.
    totp_step BIGINT NOT NULL,
    oidc_subject TEXT UNIQUE,
    wrong_count BIGINT NOT NULL,
    locked_until BIGINT,
    created_at BIGINT NOT NULL,
    -- The account that made this one or gave it its last password; `system` for the command line.
    issued_by TEXT NOT NULL,
    disabled_at BIGINT,
    last_sign_in_at BIGINT
);

CREATE TABLE staff_codes (
    staff_id TEXT NOT NULL REFERENCES staff (id),
    -- Keyed hash of a recovery code.
    hash TEXT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (staff_id, hash)
);

CREATE TABLE staff_sessions (
    id TEXT PRIMARY KEY,
    -- Keyed hash of the cookie's value.
    hash TEXT NOT NULL UNIQUE,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    -- totp, enrol, ready
    stage TEXT NOT NULL,
    -- local, oidc
    via TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX staff_sessions_of ON staff_sessions (staff_id, id);
CREATE INDEX staff_sessions_ending ON staff_sessions (expires_at);

-- Who had which case in hand, from when to when, and how it ended.
CREATE TABLE review_takes (
    case_id TEXT NOT NULL REFERENCES cases (id),
    staff_id TEXT NOT NULL REFERENCES staff (id),
    taken_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- decided, left, returned, lapsed
    how TEXT,
    why TEXT,
    PRIMARY KEY (case_id, staff_id, taken_at)
);
CREATE INDEX review_takes_open ON review_takes (case_id) WHERE ended_at IS NULL;
CREATE INDEX review_takes_of ON review_takes (staff_id, taken_at);

-- Media that were unmasked.
CREATE TABLE review_views (
    case_id TEXT NOT NULL REFERENCES cases (id),
    staff_id TEXT NOT NULL REFERENCES staff (id),
    media TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (case_id, staff_id, media)
);

-- What a person thought of the two faces before the machine's scores were shown.
CREATE TABLE review_judgements (
    case_id TEXT NOT NULL REFERENCES cases (id),
    attempt BIGINT NOT NULL,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    face TEXT NOT NULL,
    confidence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (case_id, attempt, staff_id)
);

-- What a person decided: it takes effect later, or not at all.
CREATE TABLE review_decisions (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    attempt BIGINT NOT NULL,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    -- accept, refuse, retake, escalate, coercion
    kind TEXT NOT NULL,
    reasons TEXT NOT NULL,
    document SMALLINT NOT NULL,
    video SMALLINT NOT NULL,
    -- Sealed under a key outside the database; removed with the case's personal data.
    note TEXT,
    -- SHA-256 of what lay before the person: with other evidence the decision is void.
    evidence TEXT NOT NULL,
    -- A second person must come to the same.
    needs_second SMALLINT NOT NULL,
    -- A second look was drawn by lot.
    sampled SMALLINT NOT NULL,
    -- undoable, second, effective, undone, voided, disputed, recorded
    state TEXT NOT NULL,
    taken_at BIGINT NOT NULL,
    at BIGINT NOT NULL,
    undo_until BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE UNIQUE INDEX review_decisions_undoable ON review_decisions (case_id) WHERE state = 'undoable';
CREATE INDEX review_decisions_due ON review_decisions (undo_until) WHERE state = 'undoable';
CREATE INDEX review_decisions_of_case ON review_decisions (case_id, at);
CREATE INDEX review_decisions_of ON review_decisions (staff_id, at);

-- Cases that are a senior's.
CREATE TABLE review_escalations (
    case_id TEXT NOT NULL REFERENCES cases (id),
    attempt BIGINT NOT NULL,
    decision_id TEXT NOT NULL REFERENCES review_decisions (id),
    -- Two people differed.
    disputed SMALLINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (case_id, attempt)
);

-- Cases whose truth is known, mixed into the queues to measure people.
CREATE TABLE review_known (
    case_id TEXT PRIMARY KEY REFERENCES cases (id),
    expected TEXT NOT NULL,
    set_by TEXT NOT NULL REFERENCES staff (id),
    at BIGINT NOT NULL
);

-- Pictures that the worker made of a case's media: encrypted objects like the media, purged with them.
CREATE TABLE review_pictures (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    attempt BIGINT NOT NULL,
    kind TEXT NOT NULL,
    content_type TEXT NOT NULL,
    object TEXT NOT NULL,
    size BIGINT NOT NULL,
    at_ms BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX review_pictures_of ON review_pictures (case_id, attempt);

-- Other cases of the same person.
CREATE INDEX cases_by_email ON cases (email) WHERE email IS NOT NULL;
CREATE INDEX cases_by_phone ON cases (phone) WHERE phone IS NOT NULL;
