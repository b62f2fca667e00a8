-- What an invitation to continue elsewhere says of its two ends: coarse names of browser and system,
-- and a keyed hash of the network the first one was in.
ALTER TABLE handovers ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE handovers ADD COLUMN asked_from TEXT NOT NULL DEFAULT '';
ALTER TABLE handovers ADD COLUMN taken_by TEXT NOT NULL DEFAULT '';
