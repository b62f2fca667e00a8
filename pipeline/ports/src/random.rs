/// Unpredictable bytes. Only the composition root holds the system's source; tests bring a
/// seeded one. Keys, codes and tokens come from here, so an implementation outside tests must
/// be cryptographically secure.
pub trait Random: Send + Sync {
    /// Fills `bytes` whole.
    fn fill(&self, bytes: &mut [u8]);
}
