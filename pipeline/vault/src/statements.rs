use idproof_domain::letter::{Letter, LetterContent, LetterError, Proof, Stated, Statement};

use crate::error::VaultError;
use crate::secrets::{Purpose, Secrets};

/// A letter's proof as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedStatement {
    /// The statement as JSON; holds no personal data.
    pub body: String,
    /// Keyed hash of the body, 64 hexadecimal digits.
    pub seal: String,
}

/// Why a proof cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    #[error(transparent)]
    Letter(#[from] LetterError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the statement cannot be written as JSON")]
    Json,
}

impl Secrets {
    /// The proof of a step that led to `letter`, whose content is `content`.
    pub fn seal_statement(
        &self,
        content: &LetterContent,
        letter: &Letter,
        proof: Proof,
    ) -> Result<SealedStatement, StatementError> {
        let recipient = [
            content.recipient.name.clone(),
            content.recipient.lines.join("\n"),
        ];
        let stated = Stated {
            letter: content.letter.clone(),
            case_number: content.case_number.clone(),
            sender: content.sender.name.clone(),
            recipient_mac: self.mac_of("recipient", &recipient)?,
            content_mac: self.mac_of("content", &content.parts())?,
        };
        let statement = Statement::new(&stated, letter, proof)?;
        let body = serde_json::to_string(&statement).map_err(|_| StatementError::Json)?;
        let seal = self.hmac(Purpose::Letters, &[b"statement", body.as_bytes()])?;
        Ok(SealedStatement {
            body,
            seal: seal.iter().map(|b| format!("{b:02x}")).collect(),
        })
    }

    /// Whether a kept proof is as it was made, compared in constant time.
    pub fn is_sealed(&self, statement: &SealedStatement) -> Result<bool, VaultError> {
        let Some(seal) = crate::codes::from_hex(&statement.seal) else {
            return Ok(false);
        };
        let parts: [&[u8]; 2] = [b"statement", statement.body.as_bytes()];
        self.verify(Purpose::Letters, &parts, &seal)
    }

    fn mac_of(&self, what: &str, parts: &[String]) -> Result<[u8; 32], VaultError> {
        let mut all: Vec<&[u8]> = vec![what.as_bytes()];
        all.extend(parts.iter().map(String::as_bytes));
        self.hmac(Purpose::Letters, &all)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use idproof_domain::Language;
    use idproof_domain::calendar::{Calendar, Holidays};
    use idproof_domain::ids::LetterId;
    use idproof_domain::letter::Party;

    use super::*;
    use crate::crypto::key::Key;

    struct Fixed;

    impl idproof_ports::Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(3);
        }
    }

    #[test]
    fn a_statement_holds_no_person_and_shows_every_change() {
        let secrets = Secrets::new(Key::random(&Fixed), Arc::new(Fixed));
        let calendar = Calendar::new("Europe/Paris", Holidays::default()).unwrap();
        let day = calendar.day_of(1_000).unwrap();
        let (letter, proof) = Letter::deposit(1_000, &calendar).unwrap();
        let content = LetterContent {
            letter: LetterId::new(1_000, [1; 10]),
            case_number: "1234".into(),
            language: Language::Fr,
            sender: Party {
                name: "Poste".into(),
                lines: vec![],
            },
            recipient: Party {
                name: "Ada Lovelace".into(),
                lines: vec!["1 rue X".into()],
            },
            code: "473829".parse().unwrap(),
            made_on: day,
            valid_until: day.at(12, 0, 0, 0),
            site: "id.example".into(),
            help: None,
        };
        let sealed = secrets.seal_statement(&content, &letter, proof).unwrap();
        for secret in ["Ada", "rue X", "473829"] {
            assert!(!sealed.body.contains(secret), "{}", sealed.body);
        }
        assert!(secrets.is_sealed(&sealed).unwrap());
        let mut altered = sealed.clone();
        altered.body = altered.body.replace("1234", "1235");
        assert!(!secrets.is_sealed(&altered).unwrap());
        for seal in ["", "00", &"0".repeat(64)] {
            altered = sealed.clone();
            altered.seal = (*seal).to_owned();
            assert!(!secrets.is_sealed(&altered).unwrap());
        }
        let mut other = content.clone();
        other.recipient.name = "Eve".into();
        let other = secrets.seal_statement(&other, &letter, proof).unwrap();
        assert_ne!(other.body, sealed.body);
    }
}
