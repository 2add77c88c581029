-- What Meta's webhooks say beside the text of a message: media, forwards, reactions, edits, other numbers and ids of a person.

-- Contacts anew: a number may move to the contact that its user id proves to own it, and leave another without any.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE contacts_before AS SELECT * FROM contacts;
DROP TABLE contacts;
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
             ELSE phone END) VIRTUAL,
    UNIQUE (workspace, phone),
    UNIQUE (workspace, wa_user_id)
) STRICT;
INSERT INTO contacts (id, workspace, version, name, phone, wa_user_id, username, created_at)
    SELECT id, workspace, version, name, phone, wa_user_id, username, created_at FROM contacts_before;
DROP TABLE contacts_before;
CREATE INDEX contacts_by_key ON contacts (workspace, phone_key);

-- Numbers and user ids that a contact had before: late webhooks still come under them.
CREATE TABLE aliases (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    alias     TEXT NOT NULL,                             -- digits, or a business-scoped user id
    contact   TEXT NOT NULL REFERENCES contacts (id),
    since     INTEGER NOT NULL,
    PRIMARY KEY (workspace, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_contact ON aliases (contact);

ALTER TABLE messages ADD COLUMN media_ref TEXT;          -- JSON {id?, url?}: Meta's file, before it is fetched
ALTER TABLE messages ADD COLUMN beside TEXT;             -- JSON {forwarded?, referral?, product?}: goes beside the body on the wire

-- One reaction of each side on a message; the message may come later. One that was taken away stays as a
-- row without emoji, so that an older one that comes late changes nothing.
CREATE TABLE reactions (
    target        TEXT NOT NULL,                         -- Meta's id of the message
    side          TEXT NOT NULL CHECK (side IN ('customer', 'business')),
    author_kind   TEXT NOT NULL CHECK (author_kind IN ('customer', 'owner_app', 'agent')),
    author_member TEXT,
    emoji         TEXT,
    at            INTEGER NOT NULL,
    PRIMARY KEY (target, side)
) STRICT, WITHOUT ROWID;

-- The newest edit and the deletion of a message that has not come yet.
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

-- Who answers a chat where a program of Meta's does so too: the newest word of Meta's.
CREATE TABLE handovers (
    channel TEXT NOT NULL REFERENCES channels (id),
    person  TEXT NOT NULL,                               -- digits or user id; empty where none is named
    kind    TEXT NOT NULL,                               -- Meta's word, control_passed for example
    at      INTEGER NOT NULL,
    PRIMARY KEY (channel, person)
) STRICT, WITHOUT ROWID;

-- Errors that Meta reports and that belong to no message.
CREATE TABLE reported_errors (
    phone_number_id TEXT NOT NULL,                       -- empty where none is named
    code            INTEGER NOT NULL,
    first_at        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    PRIMARY KEY (phone_number_id, code)
) STRICT, WITHOUT ROWID;

-- What a message cost, by Meta's words.
CREATE TABLE prices (
    wamid    TEXT PRIMARY KEY,
    kind     TEXT,                                       -- regular, free_customer_service, ...
    category TEXT,                                       -- service, utility, marketing, ...
    model    TEXT,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
