-- The desk: who holds what, what they may do, who did it.

-- JSON of what differs from its default: options (experience.md D9), rights by role (S22), hours (D7).
ALTER TABLE workspaces ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
ALTER TABLE workspaces ADD COLUMN rights TEXT NOT NULL DEFAULT '{}';
ALTER TABLE workspaces ADD COLUMN hours TEXT NOT NULL DEFAULT '{}';
ALTER TABLE workspaces ADD COLUMN audit_days INTEGER NOT NULL DEFAULT 365;

ALTER TABLE members ADD COLUMN on_shift INTEGER NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN shift_since INTEGER NOT NULL DEFAULT 0;

CREATE TABLE teams (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    version    INTEGER NOT NULL,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace, name)
) STRICT;

CREATE TABLE team_members (
    member TEXT NOT NULL REFERENCES members (id),
    team   TEXT NOT NULL REFERENCES teams (id),
    PRIMARY KEY (member, team)
) STRICT, WITHOUT ROWID;

CREATE INDEX team_members_by_team ON team_members (team);

CREATE TABLE labels (
    id         TEXT PRIMARY KEY,
    workspace  TEXT NOT NULL REFERENCES workspaces (id),
    version    INTEGER NOT NULL,
    name       TEXT NOT NULL,
    colour     TEXT NOT NULL,                             -- a word of look/ or #rrggbb
    created_at INTEGER NOT NULL,
    UNIQUE (workspace, name)
) STRICT;

CREATE TABLE labelled (
    object TEXT NOT NULL,                                -- id of a conversation or contact
    label  TEXT NOT NULL REFERENCES labels (id),
    PRIMARY KEY (object, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX labelled_by_label ON labelled (label);

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

ALTER TABLE conversations ADD COLUMN team TEXT REFERENCES teams (id);
ALTER TABLE conversations ADD COLUMN ai_resumes_at INTEGER;
ALTER TABLE conversations ADD COLUMN continued_in TEXT REFERENCES conversations (id);
ALTER TABLE conversations ADD COLUMN status_set TEXT;    -- JSON {by, at, now}: who set the status by hand or by the clock
ALTER TABLE conversations ADD COLUMN holder_set TEXT;    -- JSON {by, at, now}: who moved it last

CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE snoozed_until IS NOT NULL;
CREATE INDEX conversations_paused ON conversations (ai_resumes_at) WHERE ai_resumes_at IS NOT NULL;
CREATE INDEX conversations_by_scope ON conversations (workspace, scope);

ALTER TABLE contacts ADD COLUMN merged_into TEXT REFERENCES contacts (id);
ALTER TABLE contacts ADD COLUMN erased_at INTEGER;

CREATE INDEX contacts_merged ON contacts (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE contact_fields (
    contact TEXT NOT NULL REFERENCES contacts (id),
    field   TEXT NOT NULL,                               -- name and language among them, or a word of the workspace
    value   TEXT,                                        -- absent: taken away by hand
    by      TEXT NOT NULL,                               -- member id
    at      INTEGER NOT NULL,
    PRIMARY KEY (contact, field)
) STRICT, WITHOUT ROWID;

ALTER TABLE devices ADD COLUMN push_kind TEXT;
ALTER TABLE devices ADD COLUMN push_address TEXT;
ALTER TABLE devices ADD COLUMN push_tag TEXT;            -- the account's name chosen by the phone
ALTER TABLE devices ADD COLUMN unsent INTEGER;           -- as the phone told last
ALTER TABLE devices ADD COLUMN wipe_reached_at INTEGER;  -- the phone was told; wiped_at: it confirmed

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

CREATE INDEX audit_by_time ON audit (workspace, at);
CREATE INDEX audit_by_object ON audit (workspace, object, id);
CREATE INDEX audit_by_member ON audit (workspace, member, id);
