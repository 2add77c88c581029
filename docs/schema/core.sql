CREATE TABLE channels (
    id      TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    display TEXT NOT NULL,
    state   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    id       TEXT PRIMARY KEY,
    version  INTEGER NOT NULL,
    name     TEXT,
    phone    TEXT,
    username TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    key              INTEGER PRIMARY KEY,
    id               TEXT NOT NULL UNIQUE,
    held             INTEGER NOT NULL DEFAULT 0,
    version          INTEGER NOT NULL DEFAULT 0,
    contact_id       TEXT NOT NULL DEFAULT '',
    channel_id       TEXT NOT NULL DEFAULT '',
    assignee         TEXT,
    window_closes_at INTEGER,
    unread           INTEGER NOT NULL DEFAULT 0,
    last_n           INTEGER NOT NULL DEFAULT 0,
    last_at          INTEGER NOT NULL DEFAULT 0,
    last_message     TEXT,
    waiting_since    INTEGER,
    read_up_to_n     INTEGER NOT NULL DEFAULT 0,
    my_read_n        INTEGER,
    raw              TEXT NOT NULL DEFAULT '{}',
    from_second      INTEGER,                 -- messages from here on are held without a hole
    from_n           INTEGER,
    start_reached    INTEGER NOT NULL DEFAULT 0
, hole_from_second INTEGER, hole_from_n INTEGER, hole_to_second INTEGER, hole_to_n INTEGER, hole_live INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX conversations_by_activity ON conversations (held, last_at DESC, id);

CREATE INDEX conversations_with_a_hole ON conversations (last_at DESC) WHERE hole_to_second IS NOT NULL;

CREATE TABLE marks (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    id      TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    conversation INTEGER NOT NULL,
    second       INTEGER NOT NULL,
    n            INTEGER NOT NULL,
    id           TEXT NOT NULL,
    version      INTEGER NOT NULL,
    sent_at      INTEGER NOT NULL,
    written_at   INTEGER,
    author_kind  TEXT NOT NULL,
    author_id    TEXT,
    body         TEXT NOT NULL,
    reply_to     TEXT,
    deleted      INTEGER NOT NULL DEFAULT 0,
    step         TEXT NOT NULL,
    times        TEXT NOT NULL,
    trouble      TEXT, extras TEXT,
    PRIMARY KEY (conversation, second, n)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_id ON messages (id);

CREATE INDEX messages_in_trouble ON messages (conversation, n) WHERE trouble IS NOT NULL;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    format       INTEGER NOT NULL DEFAULT 1,  -- version of this row's meaning; unknown ones are left alone
    conversation TEXT NOT NULL,
    target       TEXT,
    payload      TEXT NOT NULL,               -- the command, byte for byte as at every try
    text         TEXT,
    based_on_n   INTEGER NOT NULL DEFAULT 0,
    written_at   INTEGER NOT NULL,
    state        TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    reason       TEXT,
    code         TEXT,
    details      TEXT,
    since        INTEGER,
    not_before   INTEGER NOT NULL DEFAULT 0,
    done_seq     INTEGER,
    after        TEXT,
    passed       INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX outbox_by_conversation ON outbox (conversation, position);

CREATE TABLE own_sends (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
