-- Everything that goes to Meta beside plain texts, and the files that come and go with messages.

-- 'R5' or 'R11' while the message waits for a stopped line, shown with it.
ALTER TABLE sends ADD COLUMN line TEXT;
-- Tries to bring its file up, apart from attempts to send.
ALTER TABLE sends ADD COLUMN upload_tries INTEGER NOT NULL DEFAULT 0;

-- The file of a message, either way; its id is the message's. The bytes lie in `media/<sha256>`.
CREATE TABLE media (
    message     TEXT PRIMARY KEY,
    workspace   TEXT NOT NULL REFERENCES workspaces (id),
    channel     TEXT NOT NULL REFERENCES channels (id),
    state       TEXT NOT NULL CHECK (state IN ('wanted', 'ready', 'gone', 'too_large', 'refused')),
    meta_id     TEXT,                                    -- Meta's id of an incoming file: lives 7 days
    mime        TEXT NOT NULL,
    size        INTEGER,
    sha256      TEXT,                                    -- lower-case hex; of an incoming file as Meta says until it is here
    tries       INTEGER NOT NULL DEFAULT 0,
    next_try_at INTEGER NOT NULL DEFAULT 0,
    since       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX media_wanted ON media (next_try_at) WHERE state = 'wanted';
CREATE INDEX media_by_file ON media (sha256);

-- Files that phones bring, each visible to its own device alone. The part that is here lies in
-- `media/part/<device>.<sha256>`, the whole in `media/<sha256>`.
CREATE TABLE uploads (
    device      TEXT NOT NULL REFERENCES devices (id),
    sha256      TEXT NOT NULL,
    total       INTEGER NOT NULL,
    complete_at INTEGER,
    used_at     INTEGER NOT NULL,                        -- last time it was written or sent: 14 days
    PRIMARY KEY (device, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX uploads_by_file ON uploads (sha256);

-- Ids under which Meta holds our files: 30 days.
CREATE TABLE meta_files (
    channel     TEXT NOT NULL REFERENCES channels (id),
    sha256      TEXT NOT NULL,
    mime        TEXT NOT NULL,
    meta_id     TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (channel, sha256, mime)
) STRICT, WITHOUT ROWID;

-- Templates of a WhatsApp account as Meta lists them. Phones hold the approved ones.
CREATE TABLE templates (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    version    INTEGER NOT NULL,
    waba_id    TEXT NOT NULL,
    meta_id    TEXT NOT NULL,
    name       TEXT NOT NULL,
    language   TEXT NOT NULL,
    category   TEXT NOT NULL,                            -- Meta's word, lower case
    status     TEXT NOT NULL,                            -- Meta's word, lower case
    quality    TEXT,
    reason     TEXT,                                     -- of a refusal, Meta's word
    format     TEXT NOT NULL DEFAULT 'positional',       -- positional | named
    components TEXT NOT NULL,                            -- JSON as Meta lists them
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace, waba_id, name, language)
) STRICT;
CREATE INDEX templates_by_meta_id ON templates (meta_id);

-- When each account's list was fetched and is due again.
CREATE TABLE template_lists (
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    waba_id    TEXT NOT NULL,
    fetched_at INTEGER,
    due_at     INTEGER NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, waba_id)
) STRICT, WITHOUT ROWID;

-- Reactions on their way to WhatsApp: the newest of a message, for the business has one.
CREATE TABLE reaction_sends (
    id           TEXT PRIMARY KEY,                       -- the command's
    message      TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    channel      TEXT NOT NULL REFERENCES channels (id),
    member       TEXT NOT NULL,
    emoji        TEXT NOT NULL,                          -- '' takes it away
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'attempted', 'sent', 'refused', 'replaced')),
    tries        INTEGER NOT NULL DEFAULT 0,
    next_try_at  INTEGER NOT NULL DEFAULT 0,
    made_at      INTEGER NOT NULL,
    code         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX reaction_sends_open ON reaction_sends (next_try_at) WHERE state IN ('waiting', 'attempted');
CREATE INDEX reaction_sends_by_message ON reaction_sends (message);

-- Blue ticks that Meta has to be told of, one row a conversation.
CREATE TABLE read_marks (
    conversation TEXT PRIMARY KEY REFERENCES conversations (id),
    up_to_n      INTEGER NOT NULL,
    done_n       INTEGER NOT NULL DEFAULT 0,
    tries        INTEGER NOT NULL DEFAULT 0,
    next_try_at  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX read_marks_open ON read_marks (next_try_at) WHERE up_to_n > done_n;

-- Ids of conversations that a phone began and that were there already under another id.
CREATE TABLE conversation_aliases (
    alias        TEXT PRIMARY KEY,
    conversation TEXT NOT NULL REFERENCES conversations (id)
) STRICT, WITHOUT ROWID;
