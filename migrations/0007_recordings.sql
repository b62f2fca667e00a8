-- How the recordings of cases move, to know the same footage again in another case: keyed hashes under
-- a key outside the database. Deleted with the case's media.
CREATE TABLE footage_marks (
    mark TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES cases (id),
    PRIMARY KEY (mark, case_id)
);
CREATE INDEX footage_marks_of_case ON footage_marks (case_id);

-- Tokens of challenges are signed: nothing of them is kept.
ALTER TABLE challenges DROP COLUMN token_hash;

-- Challenges that a recording of `idproof verify` answered: each once.
CREATE TABLE used_challenges (
    id TEXT PRIMARY KEY,
    -- After this nobody can use it: the row may go.
    expires_at BIGINT NOT NULL
);
