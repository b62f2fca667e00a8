//! The database: cases and their events, jobs, outbox, keys. SQLite or PostgreSQL behind one SQL text.
