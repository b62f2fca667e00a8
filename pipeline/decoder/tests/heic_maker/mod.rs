//! Writes HEIC files through libheif's encoder, for tests and fuzzing seeds.
#![expect(unsafe_code, reason = "libheif's encoder is reached through its C API")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

#[repr(C)]
struct HeifError {
    code: c_int,
    subcode: c_int,
    message: *const c_char,
}

/// `struct heif_encoding_options` of libheif 1.14 and later, up to what is set here.
#[repr(C)]
struct EncodingOptions {
    version: u8,
    save_alpha_channel: u8,
    macos_workaround: u8,
    save_two_colr: u8,
    nclx: *mut c_void,
    macos_workaround_no_nclx: u8,
    orientation: c_int,
}

#[link(name = "heif")]
unsafe extern "C" {
    fn heif_context_alloc() -> *mut c_void;
    fn heif_context_free(context: *mut c_void);
    fn heif_context_get_encoder_for_format(
        context: *mut c_void,
        format: c_int,
        encoder: *mut *mut c_void,
    ) -> HeifError;
    fn heif_encoder_release(encoder: *mut c_void);
    fn heif_encoder_set_lossy_quality(encoder: *mut c_void, quality: c_int) -> HeifError;
    fn heif_encoding_options_alloc() -> *mut EncodingOptions;
    fn heif_encoding_options_free(options: *mut EncodingOptions);
    fn heif_image_create(
        width: c_int,
        height: c_int,
        colorspace: c_int,
        chroma: c_int,
        image: *mut *mut c_void,
    ) -> HeifError;
    fn heif_image_add_plane(
        image: *mut c_void,
        channel: c_int,
        width: c_int,
        height: c_int,
        bits: c_int,
    ) -> HeifError;
    fn heif_image_get_plane(image: *mut c_void, channel: c_int, stride: *mut c_int) -> *mut u8;
    fn heif_image_release(image: *const c_void);
    fn heif_context_encode_image(
        context: *mut c_void,
        image: *const c_void,
        encoder: *mut c_void,
        options: *const EncodingOptions,
        handle: *mut *mut c_void,
    ) -> HeifError;
    fn heif_image_handle_release(handle: *const c_void);
    fn heif_context_add_exif_metadata(
        context: *mut c_void,
        handle: *const c_void,
        data: *const c_void,
        size: c_int,
    ) -> HeifError;
    fn heif_context_write_to_file(context: *mut c_void, path: *const c_char) -> HeifError;
}

const HEVC: c_int = 1;
const RGB: c_int = 1;
const INTERLEAVED: c_int = 10;

/// Encodes `pixels` (packed RGB, `width` x `height`) with the file's own turning
/// (`irot`/`imir`, as an EXIF number) and optionally an EXIF orientation beside it.
pub fn write(
    path: &Path,
    width: u32,
    height: u32,
    pixels: &[u8],
    turned: u8,
    exif_orientation: Option<u8>,
) {
    let (w, h) = (width as c_int, height as c_int);
    // SAFETY: every object is made, used and freed here in the order libheif asks for.
    unsafe {
        let context = heif_context_alloc();
        let mut encoder = ptr::null_mut();
        good(heif_context_get_encoder_for_format(
            context,
            HEVC,
            &raw mut encoder,
        ));
        good(heif_encoder_set_lossy_quality(encoder, 90));
        let mut image = ptr::null_mut();
        good(heif_image_create(w, h, RGB, INTERLEAVED, &raw mut image));
        good(heif_image_add_plane(image, INTERLEAVED, w, h, 8));
        let mut stride = 0;
        let plane = heif_image_get_plane(image, INTERLEAVED, &raw mut stride);
        for (y, row) in pixels.chunks_exact(3 * width as usize).enumerate() {
            ptr::copy_nonoverlapping(row.as_ptr(), plane.add(y * stride as usize), row.len());
        }
        let options = heif_encoding_options_alloc();
        assert!((*options).version >= 5, "libheif 1.14 or later");
        (*options).orientation = turned.into();
        let mut handle = ptr::null_mut();
        good(heif_context_encode_image(
            context,
            image,
            encoder,
            options,
            &raw mut handle,
        ));
        if let Some(orientation) = exif_orientation {
            let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
            tiff.extend([orientation, 0, 0, 0, 0, 0, 0]);
            good(heif_context_add_exif_metadata(
                context,
                handle,
                tiff.as_ptr().cast(),
                tiff.len() as c_int,
            ));
        }
        let path = CString::new(path.to_str().unwrap()).unwrap();
        good(heif_context_write_to_file(context, path.as_ptr()));
        heif_image_handle_release(handle);
        heif_encoding_options_free(options);
        heif_image_release(image);
        heif_encoder_release(encoder);
        heif_context_free(context);
    }
}

fn good(error: HeifError) {
    assert_eq!(error.code, 0, "libheif: subcode {}", error.subcode);
}
