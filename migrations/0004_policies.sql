-- The policies that cases are judged by, in versions that are never changed; the scores of judged
-- cases, kept when their media are gone; labelled scores to hold a policy against.

CREATE TABLE policy_versions (
    id TEXT PRIMARY KEY,
    -- `version` in the text: decisions name it.
    name TEXT NOT NULL UNIQUE,
    -- Whose cases; NULL: everybody's who has none of their own.
    organisation TEXT REFERENCES organisations (id),
    -- TOML. NULL: ends the organisation's own policy.
    text TEXT,
    sha256 TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- What the author says the error rates are, and what the labelled scores said to that.
    claims TEXT NOT NULL,
    rolls_back_to TEXT,
    author TEXT NOT NULL REFERENCES staff (id),
    created_at BIGINT NOT NULL,
    -- drafted, approved, withdrawn
    state TEXT NOT NULL,
    -- Not before then; NULL: from the approval on.
    starts_at BIGINT,
    approved_by TEXT REFERENCES staff (id),
    approved_at BIGINT,
    withdrawn_by TEXT REFERENCES staff (id),
    withdrawn_at BIGINT,
    withdrawn_reason TEXT,
    -- Judges beside the one in force since then, without any effect.
    shadow_since BIGINT
);
CREATE INDEX policy_versions_that_judge ON policy_versions (organisation, starts_at)
    WHERE state = 'approved' OR shadow_since IS NOT NULL;
-- One shadow for everybody and one an organisation.
CREATE UNIQUE INDEX policy_versions_one_shadow ON policy_versions (COALESCE(organisation, ''))
    WHERE shadow_since IS NOT NULL;

-- What a case was judged on: numbers and statuses, no biometrics, nothing that was read. Written with
-- the decision, kept when the media are purged.
CREATE TABLE case_scores (
    case_id TEXT NOT NULL REFERENCES cases (id),
    attempt BIGINT NOT NULL,
    organisation TEXT NOT NULL,
    at BIGINT NOT NULL,
    policy_version TEXT NOT NULL,
    policy_sha256 TEXT NOT NULL,
    -- accept, review, refuse, retake
    outcome TEXT NOT NULL,
    -- What decided beside the scores: a person was asked for, the mode of review, the attempts allowed.
    person SMALLINT NOT NULL,
    mode TEXT NOT NULL,
    most_attempts BIGINT NOT NULL,
    scores TEXT NOT NULL,
    -- What the shadow would have done.
    shadow_version TEXT,
    shadow_outcome TEXT,
    PRIMARY KEY (case_id, attempt)
);
CREATE INDEX case_scores_by_time ON case_scores (at, case_id, attempt);
CREATE INDEX case_scores_of ON case_scores (organisation, at);
CREATE INDEX case_scores_of_shadow ON case_scores (shadow_version, at) WHERE shadow_version IS NOT NULL;

-- Scores with their truth, as `idproof eval` writes them.
CREATE TABLE labelled_sets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    content TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    added_by TEXT NOT NULL REFERENCES staff (id),
    added_at BIGINT NOT NULL,
    removed_at BIGINT
);
