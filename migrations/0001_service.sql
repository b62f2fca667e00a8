-- The service's tables. One text for SQLite and PostgreSQL: times are milliseconds since 1970
-- (BIGINT), truth is SMALLINT, JSON and hexadecimal are TEXT. Ids are made by the program.

CREATE TABLE organisations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    name TEXT NOT NULL,
    -- HMAC of the secret under a key outside the database.
    secret_hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    sandbox SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);

CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    -- The integrator's own name for the case.
    reference TEXT,
    -- What the applicant quotes on the telephone.
    number TEXT NOT NULL UNIQUE,
    language TEXT NOT NULL,
    state TEXT NOT NULL,
    state_since BIGINT NOT NULL,
    -- Counts up with every change; a stale writer is refused.
    revision BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    -- The outcome a sandbox case is to have, or NULL for a real one.
    sandbox_outcome TEXT,
    sandbox SMALLINT NOT NULL,
    email TEXT,
    email_confirmed_at BIGINT,
    phone TEXT,
    phone_confirmed_at BIGINT,
    consent TEXT,
    document_type TEXT,
    declared TEXT,
    -- Reason codes of the last verdict, as a JSON list.
    reasons TEXT NOT NULL,
    appealed SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_activity_at BIGINT NOT NULL,
    submitted_at BIGINT,
    processed_at BIGINT,
    letter_due_at BIGINT,
    media_due_at BIGINT,
    media_purged_at BIGINT,
    -- A reviewer holds the case until then.
    review_holder TEXT,
    review_until BIGINT
);
CREATE INDEX cases_by_organisation ON cases (organisation, id);
CREATE INDEX cases_to_review ON cases (letter_due_at, id) WHERE state = 'in_review';
CREATE INDEX cases_held ON cases (review_holder) WHERE review_holder IS NOT NULL;
CREATE INDEX cases_awaiting_letter ON cases (letter_due_at, id) WHERE state = 'accepted';
CREATE INDEX cases_awaiting_activation ON cases (id) WHERE state IN ('letter_sent', 'letter_opened');
CREATE INDEX cases_in_work ON cases (state, state_since) WHERE state IN ('submitted', 'processing');
CREATE INDEX cases_to_purge ON cases (media_due_at, id) WHERE media_purged_at IS NULL AND media_due_at IS NOT NULL;
CREATE INDEX cases_to_forget ON cases (id)
    WHERE state IN ('withdrawn', 'expired', 'deleted') AND media_purged_at IS NOT NULL
    AND (email IS NOT NULL OR phone IS NOT NULL OR declared IS NOT NULL);
CREATE INDEX cases_idle ON cases (last_activity_at, id)
    WHERE state IN ('created', 'contact_confirmed', 'identity_declared', 'document_uploaded', 'video_uploaded', 'retake_asked');

-- The hash chain. Never updated, never deleted from.
CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    case_id TEXT,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    data TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX events_of_case ON events (case_id, seq);

-- One row: where the chain ends.
CREATE TABLE chain_head (
    id SMALLINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO chain_head (id, seq, hash) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- What an applicant's device holds to come back: only its hash is here.
CREATE TABLE tokens (
    hash TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX tokens_of_case ON tokens (case_id);
CREATE INDEX tokens_ending ON tokens (expires_at);

-- One invitation to continue on another device: used once, and only with the number that the
-- first device shows.
CREATE TABLE handovers (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    token_hash TEXT NOT NULL UNIQUE,
    number_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    wrong_count BIGINT NOT NULL,
    taken_at BIGINT
);
CREATE INDEX handovers_of_case ON handovers (case_id);

-- Six-digit codes: confirmation of contacts, activation. The code is derived from the nonce under
-- a key outside the database; only its keyed hash is compared.
CREATE TABLE codes (
    case_id TEXT NOT NULL REFERENCES cases (id),
    purpose TEXT NOT NULL,
    nonce TEXT NOT NULL,
    hash TEXT NOT NULL,
    target TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- How often it was sent since `window_since`.
    window_since BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    sent_count BIGINT NOT NULL,
    wrong_count BIGINT NOT NULL,
    locked_until BIGINT,
    used_at BIGINT,
    PRIMARY KEY (case_id, purpose)
);
CREATE INDEX codes_ending ON codes (expires_at) WHERE purpose = 'activation' AND used_at IS NULL;

CREATE TABLE challenges (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    attempt BIGINT NOT NULL,
    script TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- A later one was drawn.
    voided_at BIGINT,
    -- A recording was bound to it.
    used_at BIGINT
);
CREATE INDEX challenges_of_case ON challenges (case_id, attempt);

CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    attempt BIGINT NOT NULL,
    kind TEXT NOT NULL,
    challenge_id TEXT,
    state TEXT NOT NULL,
    -- The whole file's size and digest, when the sender told them.
    declared_size BIGINT,
    declared_sha256 TEXT,
    size BIGINT NOT NULL,
    sha256 TEXT,
    -- What the page reports of camera, microphone and times.
    capture TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    completed_at BIGINT
);
CREATE INDEX uploads_of_case ON uploads (case_id, attempt, kind);

-- Each chunk is an encrypted object of its own in the media store.
CREATE TABLE chunks (
    upload_id TEXT NOT NULL REFERENCES uploads (id),
    number BIGINT NOT NULL,
    object TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (upload_id, number)
);
CREATE INDEX chunks_by_object ON chunks (object);

-- Every object that may exist in the media store: written before the object, so that nothing is
-- stored that the purge would not know of.
CREATE TABLE objects (
    name TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE INDEX objects_of_case ON objects (case_id, name);
CREATE INDEX objects_there ON objects (created_at, name) WHERE deleted_at IS NULL;

-- The case's media key, wrapped by a key that lives outside the database.
CREATE TABLE case_keys (
    case_id TEXT PRIMARY KEY,
    wrapped TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE decisions (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    reasons TEXT NOT NULL,
    -- The report: every check with score and threshold, models, policy, timings. No biometrics.
    report TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    policy_sha256 TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX decisions_of_case ON decisions (case_id, at);

-- What a refused applicant answers.
CREATE TABLE appeals (
    case_id TEXT PRIMARY KEY REFERENCES cases (id),
    -- Removed with the case's personal data.
    text TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    -- The id of what the job is about: a case, a message.
    subject TEXT NOT NULL,
    -- The same work is never queued twice.
    dedupe TEXT NOT NULL UNIQUE,
    priority BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    lease_until BIGINT,
    lease_token TEXT,
    -- ready, done, parked
    state TEXT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX jobs_to_claim ON jobs (kind, priority, run_at, id) WHERE state = 'ready';
CREATE INDEX jobs_unfinished ON jobs (kind) WHERE state <> 'done';
CREATE INDEX jobs_parked ON jobs (created_at, id) WHERE state = 'parked';
CREATE INDEX jobs_by_subject ON jobs (subject);

-- The outbox.
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    case_id TEXT,
    -- email, sms, webhook
    channel TEXT NOT NULL,
    template TEXT NOT NULL,
    language TEXT NOT NULL,
    -- Address, number or endpoint id; removed with the case's personal data.
    recipient TEXT NOT NULL,
    data TEXT NOT NULL,
    dedupe TEXT NOT NULL UNIQUE,
    -- pending, sent, failed
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX messages_of_case ON messages (case_id);
CREATE INDEX messages_to_endpoint ON messages (recipient, id) WHERE channel = 'webhook';
CREATE INDEX messages_unsent ON messages (state, created_at) WHERE state <> 'sent';

CREATE TABLE letters (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    provider TEXT NOT NULL,
    state TEXT NOT NULL,
    nonce TEXT NOT NULL,
    deposited_at BIGINT NOT NULL,
    notified_at BIGINT,
    reminded_at BIGINT,
    accept_until BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE UNIQUE INDEX letters_one_open ON letters (case_id) WHERE state IN ('deposited', 'notified');
CREATE INDEX letters_waiting ON letters (accept_until) WHERE state IN ('deposited', 'notified');
CREATE INDEX letters_of_case ON letters (case_id, id);

-- Proofs of deposit, notification, acceptance, refusal, non-claim. Kept for `letters.keep_proofs`.
CREATE TABLE letter_proofs (
    letter_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    body TEXT NOT NULL,
    seal TEXT NOT NULL,
    PRIMARY KEY (letter_id, kind)
);
CREATE INDEX letter_proofs_age ON letter_proofs (at);

CREATE TABLE webhook_endpoints (
    id TEXT PRIMARY KEY,
    organisation TEXT NOT NULL REFERENCES organisations (id),
    url TEXT NOT NULL,
    -- Sealed under a key outside the database.
    secret TEXT NOT NULL,
    events TEXT NOT NULL,
    -- Hears of sandbox cases only, or of real ones only.
    sandbox SMALLINT NOT NULL,
    enabled SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE INDEX webhook_endpoints_of ON webhook_endpoints (organisation);

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    -- NULL while the first request is still at work.
    status BIGINT,
    body TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
