//! What leaves the house: e-mail, SMS, registered letters, webhooks.
