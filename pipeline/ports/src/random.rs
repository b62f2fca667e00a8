/// Unpredictable bytes. Only the composition root holds the system's source; tests bring a
/// seeded one. Keys, codes and tokens come from here, so an implementation outside tests must
/// be cryptographically secure.
pub trait Random: Send + Sync {
    /// Fills `bytes` whole.
    fn fill(&self, bytes: &mut [u8]);

    /// A number below `below`, each as likely as the others.
    fn below(&self, below: u32) -> u32 {
        let below = below.max(1);
        // The largest multiple of `below`; what lies beyond it is drawn again.
        let fair = u32::MAX - u32::MAX % below;
        loop {
            let mut bytes = [0; 4];
            self.fill(&mut bytes);
            let drawn = u32::from_le_bytes(bytes);
            if drawn < fair {
                return drawn % below;
            }
        }
    }
}
