-- What the boards count of decisions stands in the index itself: among a million cases, three months of them were read one
-- row after another, each with its report.

DROP INDEX decisions_by_time;
CREATE INDEX decisions_told ON decisions (at, outcome, decided_by, attempt, case_id, reasons);
