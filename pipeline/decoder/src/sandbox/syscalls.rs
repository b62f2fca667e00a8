//! The list of system calls that are left. Any other ends the process with `SIGSYS`.

use std::collections::BTreeMap;

use idproof_protocol::Failure;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

use super::failed;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Allowed whatever their arguments: reading and writing what is open, memory that is not
/// executable (see [`allowed`]), time, and ending.
const FREE: &[i64] = &[
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Answered with an error instead of death: libraries try these and live without. A file is
/// looked for by such harmless things as a recording's creation date (the C library's time
/// zone); there is none to be had, and no reason to lose somebody's recording over it.
const REFUSED: &[(i64, i32)] = &[
    (libc::SYS_openat, libc::EACCES),
    (libc::SYS_newfstatat, libc::EACCES),
    (libc::SYS_statx, libc::EACCES),
    (libc::SYS_faccessat, libc::EACCES),
    (libc::SYS_faccessat2, libc::EACCES),
    (libc::SYS_readlinkat, libc::EACCES),
    // glibc then falls back to clone(2), whose flags a filter can read.
    (libc::SYS_clone3, libc::ENOSYS),
    (libc::SYS_rt_sigaction, libc::EPERM),
    (libc::SYS_sysinfo, libc::EPERM),
    (libc::SYS_ioctl, libc::EPERM),
    (libc::SYS_fcntl, libc::EPERM),
];

/// The older names of the same calls, which newer machines do not have.
#[cfg(target_arch = "x86_64")]
const REFUSED_OLD: &[i64] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_OLD: &[i64] = &[];

/// Several filters, because one has but two outcomes: the first ones answer [`REFUSED`] with
/// its errors, the last kills whatever is on neither list. The kernel takes the stricter.
pub(super) fn install() -> Result<(), Failure> {
    let bad = |_| failed("the system-call filter cannot be built");
    let arch: TargetArch = std::env::consts::ARCH.try_into().map_err(bad)?;
    let mut errors: BTreeMap<i32, Rules> = BTreeMap::new();
    let mut rules = allowed().map_err(bad)?;
    let old = REFUSED_OLD.iter().map(|&call| (call, libc::EACCES));
    for (call, errno) in REFUSED.iter().copied().chain(old) {
        errors.entry(errno).or_default().insert(call, vec![]);
        rules.insert(call, vec![]);
    }
    for (errno, calls) in errors {
        let action = SeccompAction::Errno(errno.unsigned_abs());
        apply(SeccompFilter::new(calls, SeccompAction::Allow, action, arch).map_err(bad)?)?;
    }
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::KillProcess,
        SeccompAction::Allow,
        arch,
    );
    apply(filter.map_err(bad)?)
}

fn apply(filter: SeccompFilter) -> Result<(), Failure> {
    let program: BpfProgram = filter
        .try_into()
        .map_err(|_| failed("the system-call filter cannot be built"))?;
    seccompiler::apply_filter_all_threads(&program)
        .map_err(|_| failed("the system-call filter was refused"))
}

fn allowed() -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = FREE.iter().map(|&call| (call, vec![])).collect();
    let flag_free = |argument, flag: i32| {
        let mask = u64::from(flag.unsigned_abs());
        SeccompRule::new(vec![SeccompCondition::new(
            argument,
            Len::Dword,
            Op::MaskedEq(mask),
            0,
        )?])
    };
    // Memory may be had, but no code brought in.
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![flag_free(2, libc::PROT_EXEC)?]);
    }
    // Threads, never processes: the HEIC library insists on one.
    let thread = u64::from((libc::CLONE_VM | libc::CLONE_THREAD).unsigned_abs());
    let threads = SeccompCondition::new(0, Len::Dword, Op::MaskedEq(thread), thread)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![threads])?]);
    // abort(3) signals the process itself; nobody else may be signalled.
    let own = SeccompCondition::new(0, Len::Dword, Op::Eq, u64::from(std::process::id()))?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]);
    Ok(rules)
}
