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

CREATE TABLE contact_fields (
    contact TEXT NOT NULL REFERENCES contacts (id),
    field   TEXT NOT NULL,                               -- name and language among them, or a word of the workspace
    value   TEXT,                                        -- absent: taken away by hand
    by      TEXT NOT NULL,                               -- member id
    at      INTEGER NOT NULL,
    PRIMARY KEY (contact, field)
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
             ELSE phone END) VIRTUAL, merged_into TEXT REFERENCES contacts (id), erased_at INTEGER, profile_name TEXT,
    UNIQUE (workspace, phone),
    UNIQUE (workspace, wa_user_id)
) STRICT;

CREATE INDEX contacts_by_key ON contacts (workspace, phone_key);

CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE conversation_aliases (
    alias        TEXT PRIMARY KEY,
    conversation TEXT NOT NULL REFERENCES conversations (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    id               TEXT PRIMARY KEY,
    workspace        TEXT NOT NULL REFERENCES workspaces (id),
    contact          TEXT NOT NULL REFERENCES contacts (id),
    channel          TEXT NOT NULL REFERENCES channels (id),
    version          INTEGER NOT NULL,
    scope            TEXT NOT NULL DEFAULT 'unassigned', -- unassigned | member:<id> | team:<id>
    status           TEXT NOT NULL DEFAULT 'open' CHECK (status = 'open' OR status = 'pending' OR status = 'snoozed' OR status = 'resolved'),
    snoozed_until    INTEGER,
    assignee         TEXT REFERENCES members (id),
    handler          TEXT NOT NULL DEFAULT 'human' CHECK (handler = 'ai' OR handler = 'human' OR handler = 'none'),
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

CREATE TABLE media (
    message     TEXT PRIMARY KEY,
    workspace   TEXT NOT NULL REFERENCES workspaces (id),
    channel     TEXT NOT NULL REFERENCES channels (id),
    state       TEXT NOT NULL CHECK (state = 'wanted' OR state = 'ready' OR state = 'gone' OR state = 'too_large' OR state = 'refused'),
    meta_id     TEXT,                                    -- Meta's id of an incoming file: lives 7 days
    mime        TEXT NOT NULL,
    size        INTEGER,
    sha256      TEXT,                                    -- lower-case hex; of an incoming file as Meta says until it is here
    tries       INTEGER NOT NULL DEFAULT 0,
    next_try_at INTEGER NOT NULL DEFAULT 0,
    since       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX media_by_file ON media (sha256);

CREATE INDEX media_wanted ON media (next_try_at) WHERE state = 'wanted';

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
    author_kind   TEXT NOT NULL CHECK (author_kind = 'customer' OR author_kind = 'owner_app' OR author_kind = 'agent' OR author_kind = 'ai' OR author_kind = 'automation' OR author_kind = 'system'),
    author_member TEXT,
    author_device TEXT,                                  -- the guard never counts the writer's own device
    body          TEXT NOT NULL,                         -- JSON, {kind, ...}
    reply_to      TEXT,
    edited_at     INTEGER,
    deleted       TEXT,                                  -- JSON {by, at}; the body is emptied
    step          TEXT NOT NULL DEFAULT 'none' CHECK (step = 'none' OR step = 'queued' OR step = 'sent' OR step = 'delivered' OR step = 'read' OR step = 'played'),
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

CREATE TABLE meta_files (
    channel     TEXT NOT NULL REFERENCES channels (id),
    sha256      TEXT NOT NULL,
    mime        TEXT NOT NULL,
    meta_id     TEXT NOT NULL,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (channel, sha256, mime)
) STRICT, WITHOUT ROWID;

CREATE TABLE my_reads (
    member       TEXT NOT NULL REFERENCES members (id),
    conversation TEXT NOT NULL REFERENCES conversations (id),
    n            INTEGER NOT NULL,
    PRIMARY KEY (member, conversation)
) STRICT, WITHOUT ROWID;

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

CREATE INDEX reaction_sends_by_message ON reaction_sends (message);

CREATE INDEX reaction_sends_open ON reaction_sends (next_try_at) WHERE state IN ('waiting', 'attempted');

CREATE TABLE reactions (
    target        TEXT NOT NULL,                         -- Meta's id of the message
    side          TEXT NOT NULL CHECK (side IN ('customer', 'business')),
    author_kind   TEXT NOT NULL CHECK (author_kind IN ('customer', 'owner_app', 'agent')),
    author_member TEXT,
    emoji         TEXT,
    at            INTEGER NOT NULL,
    PRIMARY KEY (target, side)
) STRICT, WITHOUT ROWID;

CREATE TABLE read_marks (
    conversation TEXT PRIMARY KEY REFERENCES conversations (id),
    up_to_n      INTEGER NOT NULL,
    done_n       INTEGER NOT NULL DEFAULT 0,
    tries        INTEGER NOT NULL DEFAULT 0,
    next_try_at  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX read_marks_open ON read_marks (next_try_at) WHERE up_to_n > done_n;

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
    state        TEXT NOT NULL CHECK (state = 'waiting' OR state = 'attempted' OR state = 'unknown' OR state = 'accepted' OR state = 'held' OR state = 'stopped' OR state = 'withdrawn'),
    attempts     INTEGER NOT NULL DEFAULT 0,
    attempted_at INTEGER,                                -- written before the call to Meta
    next_try_at  INTEGER NOT NULL DEFAULT 0,
    unknown_since INTEGER,
    passed       INTEGER NOT NULL DEFAULT 0              -- a person let later ones go first
, line TEXT, upload_tries INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

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

CREATE TABLE sync_calls (
    channel     TEXT NOT NULL REFERENCES channels (id),
    kind        TEXT NOT NULL CHECK (kind IN ('contacts', 'history')),
    tried_at    INTEGER NOT NULL,                        -- written before the call
    accepted_at INTEGER, code INTEGER,                   -- the code of a refusal
    PRIMARY KEY (channel, kind)
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

CREATE TABLE template_lists (
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    waba_id    TEXT NOT NULL,
    fetched_at INTEGER,
    due_at     INTEGER NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (workspace, waba_id)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE uploads (
    device      TEXT NOT NULL REFERENCES devices (id),
    sha256      TEXT NOT NULL,
    total       INTEGER NOT NULL,
    complete_at INTEGER,
    used_at     INTEGER NOT NULL,                        -- last time it was written or sent: 14 days
    PRIMARY KEY (device, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX uploads_by_file ON uploads (sha256);

CREATE TABLE webhook_leftovers (
    webhook INTEGER NOT NULL REFERENCES webhooks (id),
    idx     INTEGER NOT NULL,
    field   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    reason  TEXT NOT NULL,
    PRIMARY KEY (webhook, idx)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_leftovers_by_field ON webhook_leftovers (field);

CREATE TABLE webhooks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    body        BLOB NOT NULL,
    state       TEXT NOT NULL DEFAULT 'pending' CHECK (state = 'pending' OR state = 'done' OR state = 'unreadable' OR state = 'set_aside'),
    tries       INTEGER NOT NULL DEFAULT 0,
    reason      TEXT
, position INTEGER NOT NULL DEFAULT 0, lane TEXT NOT NULL DEFAULT 'live' CHECK (lane IN ('live', 'import'))) STRICT;

CREATE INDEX webhooks_in_trouble ON webhooks (state) WHERE state IN ('unreadable', 'set_aside');

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
, options TEXT NOT NULL DEFAULT '{}', rights TEXT NOT NULL DEFAULT '{}', hours TEXT NOT NULL DEFAULT '{}', audit_days INTEGER NOT NULL DEFAULT 365) STRICT;
