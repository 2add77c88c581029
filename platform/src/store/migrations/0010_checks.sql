-- The same checks, written as comparisons. SQLite builds a table of its own for a list of more than two words, anew for every row
-- that is written, which took a third of the time of a message. The content of the file stays as it is, so only the text of the
-- tables changes (https://sqlite.org/lang_altertable.html section 7, the simpler procedure).
PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (status IN (''open'', ''pending'', ''snoozed'', ''resolved''))',
    'CHECK (status = ''open'' OR status = ''pending'' OR status = ''snoozed'' OR status = ''resolved'')')
WHERE type = 'table' AND name = 'conversations';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (handler IN (''ai'', ''human'', ''none''))',
    'CHECK (handler = ''ai'' OR handler = ''human'' OR handler = ''none'')')
WHERE type = 'table' AND name = 'conversations';

UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (author_kind IN (''customer'', ''owner_app'', ''agent'', ''ai'', ''automation'', ''system''))',
    'CHECK (author_kind = ''customer'' OR author_kind = ''owner_app'' OR author_kind = ''agent'' OR author_kind = ''ai'' OR author_kind = ''automation'' OR author_kind = ''system'')')
WHERE type = 'table' AND name = 'messages';
UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (step IN (''none'', ''queued'', ''sent'', ''delivered'', ''read'', ''played''))',
    'CHECK (step = ''none'' OR step = ''queued'' OR step = ''sent'' OR step = ''delivered'' OR step = ''read'' OR step = ''played'')')
WHERE type = 'table' AND name = 'messages';

UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (state IN (''waiting'', ''attempted'', ''unknown'', ''accepted'', ''held'', ''stopped'', ''withdrawn''))',
    'CHECK (state = ''waiting'' OR state = ''attempted'' OR state = ''unknown'' OR state = ''accepted'' OR state = ''held'' OR state = ''stopped'' OR state = ''withdrawn'')')
WHERE type = 'table' AND name = 'sends';

UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (state IN (''pending'', ''done'', ''unreadable'', ''set_aside''))',
    'CHECK (state = ''pending'' OR state = ''done'' OR state = ''unreadable'' OR state = ''set_aside'')')
WHERE type = 'table' AND name = 'webhooks';

UPDATE sqlite_schema SET sql = replace(sql,
    'CHECK (state IN (''wanted'', ''ready'', ''gone'', ''too_large'', ''refused''))',
    'CHECK (state = ''wanted'' OR state = ''ready'' OR state = ''gone'' OR state = ''too_large'' OR state = ''refused'')')
WHERE type = 'table' AND name = 'media';

PRAGMA writable_schema = RESET;
