CREATE TABLE audit (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace   TEXT NOT NULL REFERENCES workspaces (id),
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,                           -- member | operator | system
    member      TEXT,
    device      TEXT,
    what        TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object      TEXT NOT NULL
) STRICT;

CREATE INDEX audit_by_member ON audit (workspace, member, id);

CREATE INDEX audit_by_object ON audit (workspace, object, id);

CREATE INDEX audit_by_time ON audit (workspace, at);

CREATE TABLE changes (
    workspace    TEXT NOT NULL REFERENCES workspaces (id),
    seq          INTEGER NOT NULL,
    tag          TEXT NOT NULL,                          -- the same for all rows of a commit
    scope        TEXT NOT NULL,                          -- workspace | conversation:<id> | member:<id>
    kind         TEXT NOT NULL,                          -- workspace, member, channel, contact, conversation, message, entered, left, my_read
    id           TEXT NOT NULL,
    gone         INTEGER NOT NULL DEFAULT 0,
    payload      TEXT,                                   -- JSON, only where no table holds the object
    at           INTEGER NOT NULL,
    PRIMARY KEY (workspace, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX changes_by_age ON changes (workspace, at);

CREATE TABLE channels (
    id                TEXT PRIMARY KEY,
    workspace         TEXT NOT NULL REFERENCES workspaces (id),
    version           INTEGER NOT NULL DEFAULT 0,
    kind              TEXT NOT NULL DEFAULT 'whatsapp',
    phone_number_id   TEXT NOT NULL UNIQUE,
    waba_id           TEXT NOT NULL,
    display           TEXT NOT NULL,                     -- as printed, may hold + and spaces
    display_digits    TEXT NOT NULL,                     -- for comparing only
    token_sealed      BLOB NOT NULL,                     -- nonce | ChaCha20-Poly1305 of the access token
    state             TEXT NOT NULL DEFAULT '{"kind":"connected"}',
    last_sign_of_life INTEGER,
    created_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE commands (
    device  TEXT NOT NULL REFERENCES devices (id),
    id      TEXT NOT NULL,
    hash    BLOB NOT NULL,                               -- HMAC-SHA256 of the canonical body, 16 bytes kept
    outcome TEXT NOT NULL,                               -- JSON as answered, without the id
    PRIMARY KEY (device, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_fields (
    contact TEXT NOT NULL REFERENCES contacts (id),
    field   TEXT NOT NULL,                               -- name and language among them, or a word of the workspace
    value   TEXT,                                        -- absent: taken away by hand
    by      TEXT NOT NULL,                               -- member id
    at      INTEGER NOT NULL,
    PRIMARY KEY (contact, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    version    INTEGER NOT NULL,
    name       TEXT,
    phone      TEXT,                                     -- digits as Meta gave them
    wa_user_id TEXT,
    username   TEXT,
    created_at INTEGER NOT NULL, merged_into TEXT REFERENCES contacts (id), erased_at INTEGER,
    CHECK (phone IS NOT NULL OR wa_user_id IS NOT NULL),
    UNIQUE (workspace, phone),
    UNIQUE (workspace, wa_user_id)
) STRICT;

CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE conversations (
    id               TEXT PRIMARY KEY,
    workspace        TEXT NOT NULL REFERENCES workspaces (id),
    contact          TEXT NOT NULL REFERENCES contacts (id),
    channel          TEXT NOT NULL REFERENCES channels (id),
    version          INTEGER NOT NULL,
    scope            TEXT NOT NULL DEFAULT 'unassigned', -- unassigned | member:<id> | team:<id>
    status           TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'pending', 'snoozed', 'resolved')),
    snoozed_until    INTEGER,
    assignee         TEXT REFERENCES members (id),
    handler          TEXT NOT NULL DEFAULT 'human' CHECK (handler IN ('ai', 'human', 'none')),
    window_closes_at INTEGER,
    unread           INTEGER NOT NULL DEFAULT 0,
    last_n           INTEGER NOT NULL DEFAULT 0,         -- newest live message, dense from 1
    waiting_since    INTEGER,                            -- first unanswered live customer message
    read_up_to_n     INTEGER NOT NULL DEFAULT 0,
    last_at          INTEGER NOT NULL DEFAULT 0,         -- sent_at of the newest live message: order of the list
    created_at       INTEGER NOT NULL, team TEXT REFERENCES teams (id), ai_resumes_at INTEGER, continued_in TEXT REFERENCES conversations (id), status_set TEXT, holder_set TEXT,
    UNIQUE (contact, channel)
) STRICT;

CREATE INDEX conversations_by_activity ON conversations (workspace, last_at DESC, id);

CREATE INDEX conversations_by_scope ON conversations (workspace, scope);

CREATE INDEX conversations_paused ON conversations (ai_resumes_at) WHERE ai_resumes_at IS NOT NULL;

CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE snoozed_until IS NOT NULL;

CREATE TABLE devices (
    id             TEXT PRIMARY KEY,                     -- UUID made on the phone
    member         TEXT NOT NULL REFERENCES members (id),
    name           TEXT NOT NULL,
    platform       TEXT NOT NULL DEFAULT '',
    app_version    TEXT NOT NULL DEFAULT '',
    created_at     INTEGER NOT NULL,
    last_seen_at   INTEGER NOT NULL,
    revoked_at     INTEGER,
    wiped_at       INTEGER
, push_kind TEXT, push_address TEXT, push_tag TEXT, unsent INTEGER, wipe_reached_at INTEGER) STRICT;

CREATE INDEX devices_by_member ON devices (member);

CREATE TABLE labelled (
    object TEXT NOT NULL,                                -- id of a conversation or contact
    label  TEXT NOT NULL REFERENCES labels (id),
    PRIMARY KEY (object, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX labelled_by_label ON labelled (label);

CREATE TABLE labels (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    version    INTEGER NOT NULL,
    name       TEXT NOT NULL,
    colour     TEXT NOT NULL,                             -- a word of look/ or #rrggbb
    created_at INTEGER NOT NULL,
    UNIQUE (workspace, name)
) STRICT;

CREATE TABLE link_codes (
    hash       BLOB PRIMARY KEY,                         -- keyed hash of the normalised code
    member     TEXT NOT NULL REFERENCES members (id),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_by    TEXT,                                     -- device id that used it
    session    TEXT REFERENCES sessions (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    id            TEXT PRIMARY KEY,
    workspace     TEXT NOT NULL REFERENCES workspaces (id),
    email         TEXT NOT NULL UNIQUE,                  -- trimmed, lower case
    name          TEXT NOT NULL,
    role          TEXT NOT NULL CHECK (role IN ('owner', 'manager', 'employee')),
    password_hash TEXT NOT NULL,                         -- argon2id, PHC string
    version       INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    removed_at    INTEGER
, on_shift INTEGER NOT NULL DEFAULT 1, shift_since INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX members_by_workspace ON members (workspace);

CREATE TABLE messages (
    conversation  TEXT NOT NULL REFERENCES conversations (id),
    n             INTEGER NOT NULL,
    id            TEXT NOT NULL,
    version       INTEGER NOT NULL,
    sent_at       INTEGER NOT NULL,
    written_at    INTEGER,
    author_kind   TEXT NOT NULL CHECK (author_kind IN ('customer', 'owner_app', 'agent', 'ai', 'automation', 'system')),
    author_member TEXT,
    author_device TEXT,                                  -- the guard never counts the writer's own device
    body          TEXT NOT NULL,                         -- JSON, {kind, ...}
    reply_to      TEXT,
    edited_at     INTEGER,
    deleted       TEXT,                                  -- JSON {by, at}; the body is emptied
    step          TEXT NOT NULL DEFAULT 'none' CHECK (step IN ('none', 'queued', 'sent', 'delivered', 'read', 'played')),
    times         TEXT NOT NULL DEFAULT '{}',            -- JSON {step: ms}
    trouble       TEXT,                                  -- JSON {reason, whatsapp_code?, since, next_try?, final, by?, n?}
    imported      INTEGER NOT NULL DEFAULT 0,
    wamid         TEXT,
    PRIMARY KEY (conversation, n)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_id ON messages (id);

CREATE INDEX messages_by_place ON messages (conversation, sent_at / 1000, n);

CREATE UNIQUE INDEX messages_by_wamid ON messages (wamid) WHERE wamid IS NOT NULL;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE my_reads (
    member       TEXT NOT NULL REFERENCES members (id),
    conversation TEXT NOT NULL REFERENCES conversations (id),
    n            INTEGER NOT NULL,
    PRIMARY KEY (member, conversation)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked_statuses (
    wamid   TEXT NOT NULL,
    status  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    code    INTEGER,
    PRIMARY KEY (wamid, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE quick_replies (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    version    INTEGER NOT NULL,
    shortcut   TEXT NOT NULL,
    text       TEXT NOT NULL,                            -- with {{variables}}
    language   TEXT,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace, shortcut)
) STRICT;

CREATE TABLE sends (
    message      TEXT PRIMARY KEY,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    channel      TEXT NOT NULL REFERENCES channels (id),
    n            INTEGER NOT NULL,                       -- order within the conversation
    device       TEXT,
    based_on_n   INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'attempted', 'unknown', 'accepted', 'held', 'stopped', 'withdrawn')),
    attempts     INTEGER NOT NULL DEFAULT 0,
    attempted_at INTEGER,                                -- written before the call to Meta
    next_try_at  INTEGER NOT NULL DEFAULT 0,
    unknown_since INTEGER,
    passed       INTEGER NOT NULL DEFAULT 0              -- a person let later ones go first
) STRICT, WITHOUT ROWID;

CREATE INDEX sends_open ON sends (conversation, n) WHERE state IN ('waiting', 'attempted', 'unknown', 'held');

CREATE TABLE sessions (
    id            TEXT PRIMARY KEY,
    member        TEXT NOT NULL REFERENCES members (id),
    device        TEXT NOT NULL REFERENCES devices (id),
    k             INTEGER NOT NULL,                      -- counter of the newest refresh token handed out
    current_hash  BLOB NOT NULL,                         -- SHA-256 of refresh token k
    previous_hash BLOB,                                  -- of k-1, good until k was used once
    created_at    INTEGER NOT NULL,
    used_at       INTEGER NOT NULL,
    ended_at      INTEGER,
    end_reason    TEXT                                   -- signed_out | replaced | reuse | revoked
) STRICT;

CREATE UNIQUE INDEX sessions_by_current ON sessions (current_hash);

CREATE INDEX sessions_by_device ON sessions (device);

CREATE TABLE sign_in_failures (
    key   TEXT PRIMARY KEY,                              -- keyed hash of the e-mail, or of the peer for link codes
    count INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE team_members (
    member TEXT NOT NULL REFERENCES members (id),
    team   TEXT NOT NULL REFERENCES teams (id),
    PRIMARY KEY (member, team)
) STRICT, WITHOUT ROWID;

CREATE INDEX team_members_by_team ON team_members (team);

CREATE TABLE teams (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    version    INTEGER NOT NULL,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace, name)
) STRICT;

CREATE TABLE webhook_leftovers (
    webhook INTEGER NOT NULL REFERENCES webhooks (id),
    idx     INTEGER NOT NULL,
    field   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    reason  TEXT NOT NULL,
    PRIMARY KEY (webhook, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhooks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    body        BLOB NOT NULL,
    state       TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'unreadable', 'set_aside')),
    tries       INTEGER NOT NULL DEFAULT 0,
    reason      TEXT
) STRICT;

CREATE INDEX webhooks_pending ON webhooks (id) WHERE state = 'pending';

CREATE TABLE workspaces (
    id                     TEXT PRIMARY KEY,
    name                   TEXT NOT NULL,
    epoch                  TEXT NOT NULL,
    version                INTEGER NOT NULL DEFAULT 0,
    head_seq               INTEGER NOT NULL DEFAULT 0,   -- last seq given
    head_tag               TEXT NOT NULL DEFAULT '',     -- random tag of the commit that gave it
    members_see_unassigned INTEGER NOT NULL DEFAULT 1,
    greeting_texts         TEXT NOT NULL DEFAULT '[]',   -- JSON array: texts of the owner's phone that are no answer
    created_at             INTEGER NOT NULL
, options TEXT NOT NULL DEFAULT '{}', rights TEXT NOT NULL DEFAULT '{}', hours TEXT NOT NULL DEFAULT '{}', audit_days INTEGER NOT NULL DEFAULT 365) STRICT;
