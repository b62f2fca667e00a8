//! Tries, inside the sandbox, what the sandbox must refuse.

use std::fs::{self, File};
use std::net::UdpSocket;

use idproof_protocol::Attempt;

/// Zero where the attempt was not refused, else the `errno` that refused it.
/// Attempts other than on files never return: the process is killed.
#[expect(unsafe_code, reason = "fork(2) is tried as hostile code would")]
pub fn attempt(what: Attempt) -> i32 {
    match what {
        Attempt::Nothing => 0,
        Attempt::OpenFile => errno(File::open("/etc/passwd")),
        Attempt::WriteFile => errno(fs::write("/tmp/idproof-self-check", b"x")),
        Attempt::Socket => errno(UdpSocket::bind("127.0.0.1:0")),
        Attempt::Exec => exec(),
        Attempt::Memory => {
            let mut block: Vec<u8> = Vec::new();
            match block.try_reserve_exact(2 << 30) {
                Ok(()) => 0,
                Err(_) => libc::ENOMEM,
            }
        }
        // SAFETY: the child, should there be one, ends at once.
        Attempt::Fork => unsafe {
            match libc::fork() {
                0 => libc::_exit(0),
                pid if pid > 0 => 0,
                _ => last_errno(),
            }
        },
    }
}

#[expect(unsafe_code, reason = "the bare call, as hostile code would make it")]
fn exec() -> i32 {
    let program = c"/bin/true".as_ptr();
    let arguments = [program, std::ptr::null()];
    // SAFETY: both lists are terminated; a success never returns.
    unsafe { libc::execve(program, arguments.as_ptr(), arguments[1..].as_ptr()) };
    last_errno()
}

fn last_errno() -> i32 {
    std::io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EPERM)
}

fn errno<T>(result: std::io::Result<T>) -> i32 {
    match result {
        Ok(_) => 0,
        Err(e) => e.raw_os_error().unwrap_or(libc::EPERM),
    }
}
