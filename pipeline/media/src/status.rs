//! Whether the sandbox is in force on this machine.

use idproof_protocol::Attempt;

/// What a decoder child reported of its sandbox and what it could not do inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxStatus {
    /// Landlock ABI of the kernel; zero where there is none.
    pub landlock_abi: u8,
    /// Every right known to the decoder is withheld; false on older kernels.
    pub landlock_full: bool,
    pub seccomp: bool,
    pub rlimits: bool,
    pub no_new_privs: bool,
    /// Each forbidden thing that was tried, in a child of its own.
    pub attempts: Vec<(Attempt, AttemptResult)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptResult {
    /// The child was killed on the spot.
    Killed,
    /// The call failed with this `errno`.
    Refused(i32),
    /// The sandbox does not hold.
    Allowed,
}

impl SandboxStatus {
    /// All mandatory parts are in force and every attempt was refused. Landlock is not
    /// mandatory: seccomp alone refuses the same calls.
    pub fn holds(&self) -> bool {
        let refused = |(_, result): &(Attempt, AttemptResult)| *result != AttemptResult::Allowed;
        self.seccomp && self.rlimits && self.no_new_privs && self.attempts.iter().all(refused)
    }

    /// What is missing, in words for an administrator; empty where nothing is.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = vec![];
        let parts = [
            (self.seccomp, "seccomp is not in force"),
            (self.rlimits, "resource limits are not in force"),
            (self.no_new_privs, "no-new-privileges is not in force"),
            (
                self.landlock_abi > 0,
                "landlock is not enabled in this kernel (boot with lsm=landlock,...)",
            ),
            (
                self.landlock_abi == 0 || self.landlock_full,
                "this kernel's landlock is older than Linux 6.12: not every right is withheld",
            ),
        ];
        missing.extend(
            parts
                .iter()
                .filter(|(good, _)| !good)
                .map(|(_, words)| (*words).into()),
        );
        for (attempt, result) in &self.attempts {
            if *result == AttemptResult::Allowed {
                missing.push(format!(
                    "the decoder was allowed to try: {}",
                    attempt.name()
                ));
            }
        }
        missing
    }
}
