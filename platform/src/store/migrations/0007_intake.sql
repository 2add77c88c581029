-- Bodies are worked off in slices: `position` is the index of the first thing in a body that is not done yet.
-- What only imports (history) waits behind all that is live.

ALTER TABLE webhooks ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE webhooks ADD COLUMN lane TEXT NOT NULL DEFAULT 'live' CHECK (lane IN ('live', 'import'));

DROP INDEX webhooks_pending;
CREATE INDEX webhooks_pending ON webhooks (lane, id) WHERE state = 'pending';
