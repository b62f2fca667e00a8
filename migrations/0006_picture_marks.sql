-- What photographs of documents are recognised by in other cases: keyed hashes of the pixels and of
-- the rows of a difference hash. Deleted with the case's media.
CREATE TABLE picture_marks (
    case_id TEXT NOT NULL REFERENCES cases (id),
    attempt BIGINT NOT NULL,
    -- Place of the photograph among those of the attempt.
    picture BIGINT NOT NULL,
    -- 1: of the pixels themselves; 0: of one row.
    exact BIGINT NOT NULL,
    mark TEXT NOT NULL,
    PRIMARY KEY (case_id, attempt, picture, mark)
);
CREATE INDEX picture_marks_of ON picture_marks (mark);
