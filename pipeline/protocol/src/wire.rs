//! Little-endian primitives over byte slices; every read is checked.

use crate::MAX_TEXT;
use crate::reader::ProtocolError;

/// Takes values off the front of a message body.
pub(crate) struct Take<'a>(pub &'a [u8]);

impl<'a> Take<'a> {
    pub fn bytes(&mut self, n: usize) -> Result<&'a [u8], ProtocolError> {
        if n > self.0.len() {
            return Err(ProtocolError::Malformed("a body ends early"));
        }
        let (head, tail) = self.0.split_at(n);
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ProtocolError> {
        let mut out = [0; N];
        out.copy_from_slice(self.bytes(N)?);
        Ok(out)
    }

    pub fn u8(&mut self) -> Result<u8, ProtocolError> {
        Ok(self.array::<1>()?[0])
    }

    pub fn bool(&mut self) -> Result<bool, ProtocolError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(ProtocolError::Malformed("a flag is neither 0 nor 1")),
        }
    }

    pub fn u16(&mut self) -> Result<u16, ProtocolError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32, ProtocolError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> Result<i32, ProtocolError> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64, ProtocolError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64, ProtocolError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    /// One byte of length, then printable ASCII.
    pub fn text(&mut self) -> Result<String, ProtocolError> {
        let n = usize::from(self.u8()?);
        let raw = self.bytes(n)?;
        if n > MAX_TEXT || !raw.iter().all(|b| (0x20..=0x7e).contains(b)) {
            return Err(ProtocolError::Malformed("a text is not printable"));
        }
        Ok(raw.iter().map(|&b| char::from(b)).collect())
    }

    /// A text of 1 to 32 lower-case letters, digits, `_`, `-` and `.`.
    pub fn name(&mut self) -> Result<String, ProtocolError> {
        let text = self.text()?;
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b);
        if (1..=32).contains(&text.len()) && text.bytes().all(good) {
            Ok(text)
        } else {
            Err(ProtocolError::Malformed("a name has odd characters"))
        }
    }

    pub fn end(self) -> Result<(), ProtocolError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ProtocolError::Malformed("a body has bytes left over"))
        }
    }
}

/// Puts values at the end of a message body.
#[derive(Default)]
pub(crate) struct Put(pub Vec<u8>);

impl Put {
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn u8(&mut self, v: u8) -> &mut Self {
        self.raw(&[v])
    }

    pub fn bool(&mut self, v: bool) -> &mut Self {
        self.u8(u8::from(v))
    }

    pub fn u16(&mut self, v: u16) -> &mut Self {
        self.raw(&v.to_le_bytes())
    }

    pub fn u32(&mut self, v: u32) -> &mut Self {
        self.raw(&v.to_le_bytes())
    }

    pub fn i32(&mut self, v: i32) -> &mut Self {
        self.raw(&v.to_le_bytes())
    }

    pub fn u64(&mut self, v: u64) -> &mut Self {
        self.raw(&v.to_le_bytes())
    }

    pub fn i64(&mut self, v: i64) -> &mut Self {
        self.raw(&v.to_le_bytes())
    }

    /// Cut to [`MAX_TEXT`] bytes of printable ASCII.
    pub fn text(&mut self, text: &str) -> &mut Self {
        let clean = crate::sanitise_detail(text);
        self.u8(u8::try_from(clean.len()).unwrap_or(0));
        self.raw(clean.as_bytes())
    }
}
