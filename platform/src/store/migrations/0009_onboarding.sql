-- Onboardings by Meta's Embedded Signup. State machine: platform/src/meta/onboarding/machine.rs.
CREATE TABLE onboardings (
    id              TEXT PRIMARY KEY,
    workspace       TEXT NOT NULL REFERENCES workspaces (id),
    member          TEXT NOT NULL REFERENCES members (id),
    step            TEXT NOT NULL,
    started_at      INTEGER NOT NULL,
    told_at         INTEGER,                             -- the browser's event came: from here the 24 hours run
    waba_id TEXT, phone_number_id TEXT, display TEXT,
    token_sealed    BLOB,
    channel         TEXT REFERENCES channels (id),
    cause           TEXT,                                -- why it was refused, or what it waits for: stable word
    code            INTEGER,                             -- WhatsApp's own code
    next_try_at     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX onboardings_open ON onboardings (next_try_at) WHERE step NOT IN ('done', 'cancelled', 'refused', 'expired');

-- The two calls that Meta takes once a connection: contacts, history.
CREATE TABLE sync_calls (
    channel     TEXT NOT NULL REFERENCES channels (id),
    kind        TEXT NOT NULL CHECK (kind IN ('contacts', 'history')),
    tried_at    INTEGER NOT NULL,                        -- written before the call
    accepted_at INTEGER, code INTEGER,                   -- the code of a refusal
    PRIMARY KEY (channel, kind)
) STRICT, WITHOUT ROWID;
