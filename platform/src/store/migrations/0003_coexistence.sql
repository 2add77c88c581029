-- Coexistence: what keeps a business number's line up or down, its import, its phone book, its onboarding.

ALTER TABLE channels ADD COLUMN history TEXT NOT NULL DEFAULT '{}';  -- JSON as phones see it {asked?, phase?, percent?, declined?, nothing_came?}

-- What the state of a channel is derived from, beside the tables below.
CREATE TABLE lines (
    channel      TEXT PRIMARY KEY REFERENCES channels (id),
    connecting   INTEGER NOT NULL DEFAULT 0,             -- an onboarding is not through yet
    connected_at INTEGER,                                -- since when this connection stands; absent: since the channel was made
    was_on_app   INTEGER NOT NULL DEFAULT 0,             -- Meta has said once that the number is on the Business App
    read_at      INTEGER,                                -- newest good reading of the phone node
    reading      TEXT,                                   -- JSON: that reading
    look_at      INTEGER                                 -- when it is read next
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

-- When the number was connected (without a row: since the channel was made): within these, live webhooks brought everything (import matches only here).
CREATE TABLE line_periods (
    channel TEXT NOT NULL REFERENCES channels (id),
    from_at INTEGER NOT NULL,
    to_at   INTEGER,                                     -- absent: it still is
    PRIMARY KEY (channel, from_at)
) STRICT, WITHOUT ROWID;

-- Ids that a channel's number had at Meta before: late webhooks still come under them.
CREATE TABLE channel_numbers (
    phone_number_id TEXT PRIMARY KEY,
    channel         TEXT NOT NULL REFERENCES channels (id),
    until           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest account_update of each topic: older ones that come later change nothing.
CREATE TABLE account_news (
    channel TEXT NOT NULL REFERENCES channels (id),
    topic   TEXT NOT NULL,                               -- connection | ban | restriction | existence | other
    event   TEXT NOT NULL,                               -- Meta's word
    at      INTEGER NOT NULL,
    PRIMARY KEY (channel, topic)
) STRICT, WITHOUT ROWID;

-- The newest word of Meta's about a template, a number's quality, its name, an account's limits.
CREATE TABLE account_facts (
    waba_id TEXT NOT NULL,
    field   TEXT NOT NULL,                               -- Meta's name of the webhook field
    number  TEXT NOT NULL DEFAULT '',                    -- digits, where it is about one number
    subject TEXT NOT NULL DEFAULT '',                    -- template id, where it is about one
    word    TEXT NOT NULL,
    details TEXT NOT NULL,                               -- JSON {name: word or number}
    at      INTEGER NOT NULL,
    PRIMARY KEY (waba_id, field, number, subject)
) STRICT, WITHOUT ROWID;

-- What owner and managers were told about a line.
CREATE TABLE alerts (
    id        TEXT PRIMARY KEY,
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    channel   TEXT NOT NULL REFERENCES channels (id),
    kind      TEXT NOT NULL,                             -- a cause of line_stops, or a word of its own
    day       INTEGER NOT NULL DEFAULT 0,                -- for `quiet`: 10, 12, 13
    since     INTEGER NOT NULL,                          -- since when it stands
    told_at   INTEGER NOT NULL,
    told      TEXT NOT NULL,                             -- JSON array of member ids
    ended_at  INTEGER
) STRICT;
CREATE INDEX alerts_by_time ON alerts (workspace, told_at);
CREATE UNIQUE INDEX alerts_open ON alerts (channel, kind, day) WHERE ended_at IS NULL;

-- The address book of the owner's phone. A row for each id that an entry names.
CREATE TABLE phone_book (
    channel TEXT NOT NULL REFERENCES channels (id),
    person  TEXT NOT NULL,                               -- digits, or a business-scoped user id
    name    TEXT,                                        -- absent: it was removed, or had none
    at      INTEGER NOT NULL,                            -- the phone's time of the change
    PRIMARY KEY (channel, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX phone_book_by_person ON phone_book (person);

ALTER TABLE contacts ADD COLUMN profile_name TEXT;       -- as the person's own WhatsApp profile says
UPDATE contacts SET profile_name = name;

-- Bodies with old messages: worked off beside everything else, a few hundred things a commit.
CREATE TABLE import_jobs (
    webhook INTEGER PRIMARY KEY,
    things  INTEGER NOT NULL DEFAULT 0,                  -- how many things this program reads in it; differs: start anew
    done    INTEGER NOT NULL DEFAULT 0,                  -- of them
    tries   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Old messages that stand already under another id of Meta's.
CREATE TABLE import_matches (
    wamid   TEXT PRIMARY KEY,
    message TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
