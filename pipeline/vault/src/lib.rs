//! Encrypted storage of media: objects under case keys, case keys under wrapping keys kept outside the database.
