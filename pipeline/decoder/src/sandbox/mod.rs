//! Locks the process in. Afterwards it can compute, read its one file, write to its pipe, and end.

use idproof_protocol::{ErrorCode, Failure, Limits, Sandbox, VERSION};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetStatus,
    Scope,
};
use rlimit::Resource;

mod syscalls;

/// Closes every descriptor the parent may have leaked: all but the three standard ones.
#[expect(unsafe_code, reason = "close_range(2) has no safe wrapper")]
pub fn close_inherited() -> Result<(), Failure> {
    // SAFETY: nothing in this process owns a descriptor above 2 yet.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    if closed == 0 {
        Ok(())
    } else {
        Err(failed("inherited descriptors cannot be closed"))
    }
}

#[expect(unsafe_code, reason = "the libc crate lacks tzset(3)")]
unsafe extern "C" {
    fn tzset();
}

/// Makes the C library settle its time zone now, without a file: it would look for one
/// as soon as a recording names its creation date.
#[expect(
    unsafe_code,
    reason = "tzset(3) and the environment are not thread-safe"
)]
pub fn settle_time_zone() {
    // SAFETY: called at the start of `main`, before there is a second thread.
    unsafe {
        std::env::set_var("TZ", "UTC0");
        tzset();
    }
}

/// Everything at once; to be called after the last file was opened and before the first byte
/// of the input is read. Seccomp, the resource limits and no-new-privileges are mandatory.
/// What the kernel has of landlock is told in the answer; the parent decides.
pub fn enter(limits: &Limits) -> Result<Sandbox, Failure> {
    process_flags()?;
    let (landlock_abi, landlock_full) = landlock()?;
    resource_limits(limits)?;
    syscalls::install()?;
    Ok(Sandbox {
        version: VERSION,
        landlock_abi,
        landlock_full,
        seccomp: true,
        rlimits: true,
        no_new_privs: true,
    })
}

fn failed(what: &str) -> Failure {
    Failure::new(ErrorCode::Sandbox, what)
}

/// No new privileges, no core dump nor tracing by others, death with the parent.
#[expect(unsafe_code, reason = "prctl(2) has no safe wrapper here")]
fn process_flags() -> Result<(), Failure> {
    // SAFETY: these options take plain numbers.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) == 0
    };
    if done {
        Ok(())
    } else {
        Err(failed("prctl was refused"))
    }
}

/// No file system, no TCP, no signals or abstract sockets outside.
/// Returns the kernel's ABI (0: none) and whether every right was taken.
fn landlock() -> Result<(u8, bool), Failure> {
    let abi = landlock_abi();
    let refused = |_| failed("landlock was refused");
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V6))
        .and_then(|r| r.handle_access(AccessNet::from_all(ABI::V6)))
        .and_then(|r| r.scope(Scope::from_all(ABI::V6)))
        .and_then(|r| r.create())
        .and_then(|r| r.restrict_self())
        .map_err(refused)?;
    let full = status.ruleset == RulesetStatus::FullyEnforced;
    let any = status.ruleset != RulesetStatus::NotEnforced;
    Ok((if any { abi } else { 0 }, full))
}

/// `landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)`.
#[expect(unsafe_code, reason = "the crate does not tell the kernel's ABI")]
fn landlock_abi() -> u8 {
    const VERSION_FLAG: u32 = 1;
    // SAFETY: asks for a number; no memory is passed.
    let abi = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<u8>(),
            0usize,
            VERSION_FLAG,
        )
    };
    u8::try_from(abi).unwrap_or(0)
}

/// Address space, CPU time; no file written, no descriptor opened, no core dumped.
fn resource_limits(limits: &Limits) -> Result<(), Failure> {
    let cpu = u64::from(limits.cpu_seconds);
    let wanted = [
        (Resource::CORE, 0, 0),
        (Resource::FSIZE, 0, 0),
        // The soft limit ends the process with SIGXCPU, the hard one with SIGKILL.
        (Resource::CPU, cpu, cpu + 1),
        (Resource::AS, limits.memory_bytes, limits.memory_bytes),
        (Resource::NOFILE, 0, 0),
    ];
    for (resource, soft, hard) in wanted {
        rlimit::setrlimit(resource, soft, hard)
            .map_err(|_| failed(&format!("{} was refused", resource.as_name())))?;
    }
    Ok(())
}
