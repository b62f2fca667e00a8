//! HEIC through libheif (C API stable since 1.3; see `libheif/heif.h`).
//!
//! The dozen functions needed are declared here: the published bindings want a
//! newer library than Debian 12's 1.15.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use idproof_protocol::{ErrorCode, Failure, Limits};

use super::{Stored, check_size};

#[repr(C)]
struct HeifError {
    code: c_int,
    subcode: c_int,
    message: *const c_char,
}

/// `heif_error_Memory_allocation_error`.
const MEMORY: c_int = 6;
/// `heif_error_Unsupported_feature` and `heif_error_Unsupported_filetype`.
const UNSUPPORTED: [c_int; 2] = [3, 4];
/// `heif_colorspace_RGB`, `heif_chroma_interleaved_RGB`, `heif_channel_interleaved`.
const RGB: c_int = 1;
const INTERLEAVED_RGB: c_int = 10;
const INTERLEAVED: c_int = 10;

#[link(name = "heif")]
#[expect(unsafe_code, reason = "the C library's functions are declared here")]
unsafe extern "C" {
    fn heif_context_alloc() -> *mut c_void;
    fn heif_context_free(context: *mut c_void);
    fn heif_context_set_max_decoding_threads(context: *mut c_void, threads: c_int);
    fn heif_context_set_maximum_image_size_limit(context: *mut c_void, side: c_int);
    fn heif_context_read_from_memory_without_copy(
        context: *mut c_void,
        bytes: *const c_void,
        size: usize,
        options: *const c_void,
    ) -> HeifError;
    fn heif_context_get_primary_image_handle(
        context: *mut c_void,
        handle: *mut *mut c_void,
    ) -> HeifError;
    fn heif_image_handle_release(handle: *const c_void);
    fn heif_image_handle_get_width(handle: *const c_void) -> c_int;
    fn heif_image_handle_get_height(handle: *const c_void) -> c_int;
    fn heif_decode_image(
        handle: *const c_void,
        image: *mut *mut c_void,
        colorspace: c_int,
        chroma: c_int,
        options: *const c_void,
    ) -> HeifError;
    fn heif_image_release(image: *const c_void);
    fn heif_image_get_width(image: *const c_void, channel: c_int) -> c_int;
    fn heif_image_get_height(image: *const c_void, channel: c_int) -> c_int;
    fn heif_image_get_plane_readonly(
        image: *const c_void,
        channel: c_int,
        stride: *mut c_int,
    ) -> *const u8;
}

/// Frees what libheif gave, in the order opposite to the giving.
struct Owned(*mut c_void, unsafe extern "C" fn(*mut c_void));

impl Drop for Owned {
    #[expect(
        unsafe_code,
        reason = "the pointer came from libheif and is freed once"
    )]
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the pair was made by `decode`, which never frees by itself.
            unsafe { (self.1)(self.0) }
        }
    }
}

#[expect(unsafe_code, reason = "forwards to libheif")]
unsafe extern "C" fn free_handle(handle: *mut c_void) {
    // SAFETY: called by `Owned` with the handle it owns.
    unsafe { heif_image_handle_release(handle) }
}

#[expect(unsafe_code, reason = "forwards to libheif")]
unsafe extern "C" fn free_image(image: *mut c_void) {
    // SAFETY: called by `Owned` with the image it owns.
    unsafe { heif_image_release(image) }
}

/// The primary image. libheif applies the file's own rotation and mirroring
/// (`irot`, `imir`); EXIF orientation is not applied on top (ISO/IEC 23008-12, A.2.1
/// makes it informative), hence orientation 1.
#[expect(unsafe_code, reason = "calls into libheif")]
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Stored, Failure> {
    // SAFETY: every pointer passed is either from libheif and alive (`Owned` frees in
    // reverse order at the end) or points to a local; `bytes` outlives the context.
    unsafe {
        let context = Owned(heif_context_alloc(), heif_context_free);
        if context.0.is_null() {
            return Err(crate::no_memory());
        }
        heif_context_set_max_decoding_threads(context.0, 0);
        let side = c_int::try_from(limits.image_pixels).unwrap_or(c_int::MAX);
        heif_context_set_maximum_image_size_limit(context.0, side.min(32_768));
        check(heif_context_read_from_memory_without_copy(
            context.0,
            bytes.as_ptr().cast(),
            bytes.len(),
            ptr::null(),
        ))?;
        let mut handle = Owned(ptr::null_mut(), free_handle);
        check(heif_context_get_primary_image_handle(
            context.0,
            &raw mut handle.0,
        ))?;
        let side = |n: c_int| u32::try_from(n).unwrap_or(0);
        check_size(
            side(heif_image_handle_get_width(handle.0)),
            side(heif_image_handle_get_height(handle.0)),
            limits,
        )?;
        let mut image = Owned(ptr::null_mut(), free_image);
        check(heif_decode_image(
            handle.0,
            &raw mut image.0,
            RGB,
            INTERLEAVED_RGB,
            ptr::null(),
        ))?;
        let width = side(heif_image_get_width(image.0, INTERLEAVED));
        let height = side(heif_image_get_height(image.0, INTERLEAVED));
        check_size(width, height, limits)?;
        let mut stride = 0;
        let plane = heif_image_get_plane_readonly(image.0, INTERLEAVED, &raw mut stride);
        let row = 3 * width as usize;
        let stride = usize::try_from(stride).unwrap_or(0);
        if plane.is_null() || stride < row {
            return Err(damaged());
        }
        let mut pixels = Vec::with_capacity(row * height as usize);
        for y in 0..height as usize {
            // SAFETY: the plane has `height` rows of `stride` bytes.
            pixels.extend_from_slice(std::slice::from_raw_parts(plane.add(y * stride), row));
        }
        Ok(Stored {
            width,
            height,
            orientation: 1,
            by_editor: false,
            pixels,
        })
    }
}

fn check(error: HeifError) -> Result<(), Failure> {
    match error.code {
        0 => Ok(()),
        MEMORY => Err(Failure::new(
            ErrorCode::LimitExceeded,
            "the HEIC needs more memory than is allowed",
        )),
        code if UNSUPPORTED.contains(&code) => Err(Failure::new(
            ErrorCode::Unsupported,
            "this kind of HEIC is not supported; send the photo as JPEG",
        )),
        _ => Err(damaged()),
    }
}

fn damaged() -> Failure {
    Failure::new(
        ErrorCode::Damaged,
        "the HEIC is cut off or corrupt; send the photo as JPEG",
    )
}
