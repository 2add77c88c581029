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

CREATE TABLE account_news (
    channel TEXT NOT NULL REFERENCES channels (id),
    topic   TEXT NOT NULL,                               -- connection | ban | restriction | existence | other
    event   TEXT NOT NULL,                               -- Meta's word
    at      INTEGER NOT NULL,
    PRIMARY KEY (channel, topic)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE aliases (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    alias     TEXT NOT NULL,                             -- digits, or a business-scoped user id
    contact   TEXT NOT NULL REFERENCES contacts (id),
    since     INTEGER NOT NULL,
    PRIMARY KEY (workspace, alias)
) STRICT, WITHOUT ROWID;

CREATE INDEX aliases_by_contact ON aliases (contact);

CREATE TABLE amendments (
    target     TEXT NOT NULL,                            -- Meta's id of the message
    side       TEXT NOT NULL CHECK (side IN ('customer', 'business')),
    edited_at  INTEGER,
    body       TEXT,                                     -- JSON, {kind, ...}
    media_ref  TEXT,
    revoked_at INTEGER,
    kept_at    INTEGER NOT NULL,
    PRIMARY KEY (target, side)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE channel_numbers (
    phone_number_id TEXT PRIMARY KEY,
    channel         TEXT NOT NULL REFERENCES channels (id),
    until           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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
, history TEXT NOT NULL DEFAULT '{}') STRICT;

CREATE TABLE commands (
    device  TEXT NOT NULL REFERENCES devices (id),
    id      TEXT NOT NULL,
    hash    BLOB NOT NULL,                               -- HMAC-SHA256 of the canonical body, 16 bytes kept
    outcome TEXT NOT NULL,                               -- JSON as answered, without the id
    PRIMARY KEY (device, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE contacts (
    id           TEXT PRIMARY KEY,
    workspace    TEXT NOT NULL REFERENCES workspaces (id),
    version      INTEGER NOT NULL,
    name         TEXT,
    phone        TEXT,                                   -- digits as Meta gave them: sent to, shown
    wa_user_id   TEXT,
    username     TEXT,
    created_at   INTEGER NOT NULL,
    perhaps_same TEXT,                                   -- id of another contact that may be the same person: a manager decides
    marketing    TEXT CHECK (marketing IN ('stopped', 'wanted')),  -- what the person last said about advertising
    marketing_at INTEGER,
    -- What all spellings of a mobile share, for comparing only: platform/src/meta/payload/people.rs, `number_key`.
    phone_key    TEXT GENERATED ALWAYS AS (
        CASE WHEN length(phone) = 13 AND phone GLOB '55[0-9][0-9]9[6-9]*' THEN substr(phone, 1, 4) || substr(phone, 6)
             WHEN length(phone) = 13 AND phone GLOB '521*' THEN '52' || substr(phone, 4)
             ELSE phone END) VIRTUAL, profile_name TEXT,
    UNIQUE (workspace, phone),
    UNIQUE (workspace, wa_user_id)
) STRICT;

CREATE INDEX contacts_by_key ON contacts (workspace, phone_key);

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
    created_at       INTEGER NOT NULL,
    UNIQUE (contact, channel)
) STRICT;

CREATE INDEX conversations_by_activity ON conversations (workspace, last_at DESC, id);

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
) STRICT;

CREATE INDEX devices_by_member ON devices (member);

CREATE TABLE handovers (
    channel TEXT NOT NULL REFERENCES channels (id),
    person  TEXT NOT NULL,                               -- digits or user id; empty where none is named
    kind    TEXT NOT NULL,                               -- Meta's word, control_passed for example
    at      INTEGER NOT NULL,
    PRIMARY KEY (channel, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_matches (
    wamid   TEXT PRIMARY KEY,
    message TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
    channel     TEXT PRIMARY KEY REFERENCES channels (id),
    asked_at    INTEGER,                                 -- our call for it was accepted
    phase       INTEGER,
    percent     INTEGER,
    first_at    INTEGER,                                 -- its first webhook
    last_at     INTEGER,                                 -- its newest webhook
    declined_at INTEGER                                  -- the owner keeps the old messages to the phone: final
) STRICT, WITHOUT ROWID;

CREATE TABLE line_periods (
    channel TEXT NOT NULL REFERENCES channels (id),
    from_at INTEGER NOT NULL,
    to_at   INTEGER,                                     -- absent: it still is
    PRIMARY KEY (channel, from_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE line_stops (
    channel TEXT NOT NULL REFERENCES channels (id),
    cause   TEXT NOT NULL,                               -- stable word: platform/src/meta/line/causes.rs
    reason  TEXT CHECK (reason IN ('R5', 'R11')),        -- absent: a notice that holds nothing
    code    INTEGER,                                     -- WhatsApp's own code
    since   INTEGER NOT NULL,
    ends_at INTEGER,                                     -- it ends by itself then
    PRIMARY KEY (channel, cause)
) STRICT, WITHOUT ROWID;

CREATE TABLE lines (
    channel      TEXT PRIMARY KEY REFERENCES channels (id),
    connecting   INTEGER NOT NULL DEFAULT 0,             -- an onboarding is not through yet
    connected_at INTEGER,                                -- since when this connection stands; absent: since the channel was made
    was_on_app   INTEGER NOT NULL DEFAULT 0,             -- Meta has said once that the number is on the Business App
    read_at      INTEGER,                                -- newest good reading of the phone node
    reading      TEXT                                    -- JSON: that reading
, look_at INTEGER, heard_at INTEGER) STRICT, WITHOUT ROWID;

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
) STRICT;

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
    wamid         TEXT, media_ref TEXT, beside TEXT,
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

CREATE TABLE phone_book (
    channel TEXT NOT NULL REFERENCES channels (id),
    person  TEXT NOT NULL,                               -- digits, or a business-scoped user id
    name    TEXT,                                        -- absent: it was removed, or had none
    at      INTEGER NOT NULL,                            -- the phone's time of the change
    PRIMARY KEY (channel, person)
) STRICT, WITHOUT ROWID;

CREATE INDEX phone_book_by_person ON phone_book (person);

CREATE TABLE prices (
    wamid    TEXT PRIMARY KEY,
    kind     TEXT,                                       -- regular, free_customer_service, ...
    category TEXT,                                       -- service, utility, marketing, ...
    model    TEXT,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reactions (
    target        TEXT NOT NULL,                         -- Meta's id of the message
    side          TEXT NOT NULL CHECK (side IN ('customer', 'business')),
    author_kind   TEXT NOT NULL CHECK (author_kind IN ('customer', 'owner_app', 'agent')),
    author_member TEXT,
    emoji         TEXT,
    at            INTEGER NOT NULL,
    PRIMARY KEY (target, side)
) STRICT, WITHOUT ROWID;

CREATE TABLE reported_errors (
    phone_number_id TEXT NOT NULL,                       -- empty where none is named
    code            INTEGER NOT NULL,
    first_at        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    PRIMARY KEY (phone_number_id, code)
) STRICT, WITHOUT ROWID;

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
, position INTEGER NOT NULL DEFAULT 0, lane TEXT NOT NULL DEFAULT 'live' CHECK (lane IN ('live', 'import'))) STRICT;

CREATE INDEX webhooks_pending ON webhooks (lane, id) WHERE state = 'pending';

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
) STRICT;
