-- What came to a message after it was written (reactions, an edit, who deleted it), and the stretch of a conversation that
-- may lack messages in the middle of what is held.

-- CACHE. The wire's JSON; NULL: nothing came.
ALTER TABLE messages ADD COLUMN extras TEXT;

-- CACHE. Both ends belong to it. With hole_live it may hide what somebody wrote since; without, imported history only.
ALTER TABLE conversations ADD COLUMN hole_from_second INTEGER;
ALTER TABLE conversations ADD COLUMN hole_from_n INTEGER;
ALTER TABLE conversations ADD COLUMN hole_to_second INTEGER;
ALTER TABLE conversations ADD COLUMN hole_to_n INTEGER;
ALTER TABLE conversations ADD COLUMN hole_live INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conversations_with_a_hole ON conversations (last_at DESC) WHERE hole_to_second IS NOT NULL;
