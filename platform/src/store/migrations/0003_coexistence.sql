-- Coexistence: what keeps a business number's line up or down, its import, its phone book, its onboarding.

ALTER TABLE channels ADD COLUMN history TEXT NOT NULL DEFAULT '{}';  -- JSON as phones see it {asked?, phase?, percent?, declined?, nothing_came?}

-- What the state of a channel is derived from, beside the tables below.
CREATE TABLE lines (
    channel      TEXT PRIMARY KEY REFERENCES channels (id),
    connecting   INTEGER NOT NULL DEFAULT 0,             -- an onboarding is not through yet
    connected_at INTEGER,                                -- since when this connection stands; absent: since the channel was made
    was_on_app   INTEGER NOT NULL DEFAULT 0,             -- Meta has said once that the number is on the Business App
    read_at      INTEGER,                                -- newest good reading of the phone node
    reading      TEXT                                    -- JSON: that reading
) STRICT, WITHOUT ROWID;

-- Why nothing goes out, or what the owner should know. One row a cause; lifted by what ends it.
CREATE TABLE line_stops (
    channel TEXT NOT NULL REFERENCES channels (id),
    cause   TEXT NOT NULL,                               -- stable word: platform/src/meta/line/causes.rs
    reason  TEXT CHECK (reason IN ('R5', 'R11')),        -- absent: a notice that holds nothing
    code    INTEGER,                                     -- WhatsApp's own code
    since   INTEGER NOT NULL,
    ends_at INTEGER,                                     -- it ends by itself then
    PRIMARY KEY (channel, cause)
) STRICT, WITHOUT ROWID;

-- The import of a number's old messages, as far as it has got.
CREATE TABLE imports (
    channel     TEXT PRIMARY KEY REFERENCES channels (id),
    asked_at    INTEGER,                                 -- our call for it was accepted
    phase       INTEGER,
    percent     INTEGER,
    first_at    INTEGER,                                 -- its first webhook
    last_at     INTEGER,                                 -- its newest webhook
    declined_at INTEGER                                  -- the owner keeps the old messages to the phone: final
) STRICT, WITHOUT ROWID;
