-- The life of a line: its connected periods, what Meta and the owner's phone told, who was told of it.

ALTER TABLE lines ADD COLUMN look_at INTEGER;            -- when the phone node is read next
ALTER TABLE lines ADD COLUMN heard_at INTEGER;           -- newest sign of life that a webhook brought, whole minutes

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

-- Old messages that stand already under another id of Meta's.
CREATE TABLE import_matches (
    wamid   TEXT PRIMARY KEY,
    message TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
