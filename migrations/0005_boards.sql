-- Boards for operators, and what integrators are shown of their webhooks.

-- Cases by the day they were opened; verdicts and decisions of people by time.
CREATE INDEX cases_by_creation ON cases (created_at);
CREATE INDEX decisions_by_time ON decisions (at);
CREATE INDEX review_decisions_by_time ON review_decisions (at);

-- Of a webhook: the status with which its receiver last answered.
ALTER TABLE messages ADD COLUMN response_code BIGINT;

-- Signs beside the new secret until then, so that a receiver can change over without a gap.
ALTER TABLE webhook_endpoints ADD COLUMN old_secret TEXT;
ALTER TABLE webhook_endpoints ADD COLUMN old_secret_until BIGINT;
