-- What an operator asks for at every scrape, without reading the bodies.

CREATE INDEX webhooks_in_trouble ON webhooks (state) WHERE state IN ('unreadable', 'set_aside');
CREATE INDEX webhook_leftovers_by_field ON webhook_leftovers (field);
