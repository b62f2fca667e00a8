//! WAV files for the page.

/// 16 kHz mono samples in -1..=1 as a 16-bit WAV file.
pub fn of(samples: &[f32]) -> Vec<u8> {
    const RATE: u32 = 16_000;
    let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX - 36);
    let mut out = Vec::with_capacity(44 + samples.len() * 2);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel, bytes a second, bytes a sample, bits a sample.
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&RATE.to_le_bytes());
    out.extend_from_slice(&(2 * RATE).to_le_bytes());
    out.extend_from_slice(&2_u16.to_le_bytes());
    out.extend_from_slice(&16_u16.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&bytes.to_le_bytes());
    for sample in samples {
        let value = (sample.clamp(-1.0, 1.0) * 32_767.0) as i16;
        out.extend_from_slice(&value.to_le_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths_are_right() {
        let wav = super::of(&[0.0, 1.0, -1.0]);
        assert_eq!(wav.len(), 50);
        assert_eq!(wav[40..44], 6_u32.to_le_bytes());
        assert_eq!(wav[46..48], 32_767_i16.to_le_bytes());
    }
}
