"""The tables of the router's database: conversations and notes."""

from __future__ import annotations

ROUTER_MIGRATIONS = (
    """
    CREATE TABLE conversation (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        model TEXT NOT NULL,
        changed_us INTEGER NOT NULL,
        deleted_at_us INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX conversation_by_time ON conversation (changed_us);
    CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation TEXT NOT NULL REFERENCES conversation (id) ON DELETE CASCADE,
        at_us INTEGER NOT NULL,
        role TEXT NOT NULL,
        content TEXT NOT NULL,
        model TEXT NOT NULL,
        reasoning TEXT NOT NULL,
        figures TEXT NOT NULL,
        decision_id TEXT NOT NULL,
        whole TEXT,
        deleted_at_us INTEGER
    );
    CREATE INDEX message_by_conversation ON message (conversation, id);
    CREATE VIRTUAL TABLE message_words USING fts5 (
        content, content='message', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
        INSERT INTO message_words (rowid, content) VALUES (new.id, new.content);
    END;
    CREATE TRIGGER message_gone AFTER DELETE ON message BEGIN
        INSERT INTO message_words (message_words, rowid, content)
        VALUES ('delete', old.id, old.content);
    END;
    CREATE TRIGGER message_changed AFTER UPDATE OF content ON message BEGIN
        INSERT INTO message_words (message_words, rowid, content)
        VALUES ('delete', old.id, old.content);
        INSERT INTO message_words (rowid, content) VALUES (new.id, new.content);
    END;

    CREATE TABLE note (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        changed_us INTEGER NOT NULL,
        deleted_at_us INTEGER
    );
    CREATE VIRTUAL TABLE note_words USING fts5 (
        title, text, content='note', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER note_added AFTER INSERT ON note BEGIN
        INSERT INTO note_words (rowid, title, text) VALUES (new.id, new.title, new.text);
    END;
    CREATE TRIGGER note_gone AFTER DELETE ON note BEGIN
        INSERT INTO note_words (note_words, rowid, title, text)
        VALUES ('delete', old.id, old.title, old.text);
    END;
    CREATE TRIGGER note_changed AFTER UPDATE OF title, text ON note BEGIN
        INSERT INTO note_words (note_words, rowid, title, text)
        VALUES ('delete', old.id, old.title, old.text);
        INSERT INTO note_words (rowid, title, text) VALUES (new.id, new.title, new.text);
    END
    """,
)
"""For `Database(path, migrations=...)` of `router.sqlite`."""
