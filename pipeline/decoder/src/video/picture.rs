//! Decoded frames to upright, scaled RGB.

use std::ffi::c_int;
use std::ptr;

use ffmpeg_next::ffi;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use idproof_protocol::Failure;

use super::{internal, sent_size};
use crate::orient::{self, Rows};

/// Converts frames; its tables are kept from one frame to the next.
#[derive(Default)]
pub(super) struct Converter {
    scaler: Option<Scaler>,
}

struct Scaler {
    context: *mut ffi::SwsContext,
    key: Key,
    /// Padded, because the fast paths write whole vectors.
    target: Video,
}

/// What a scaler was made for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    format: Pixel,
    from: (u32, u32),
    /// Before the picture is turned upright.
    to: (u32, u32),
    matrix: c_int,
    full_range: bool,
}

/// An upright picture, `3 * width * height` bytes.
pub(super) struct Picture {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
}

impl Converter {
    pub fn convert(
        &mut self,
        frame: &Video,
        orientation: u8,
        max_side: u32,
    ) -> Result<Picture, Failure> {
        let (width, height) = sent_size(frame.width(), frame.height(), orientation, max_side);
        let to = orient::upright(width, height, orientation);
        let (matrix, full_range) = colours(frame);
        let key = Key {
            format: frame.format(),
            from: (frame.width(), frame.height()),
            to,
            matrix,
            full_range,
        };
        let scaler = match self.scaler.take() {
            Some(scaler) if scaler.key == key => self.scaler.insert(scaler),
            _ => self.scaler.insert(Scaler::new(key)?),
        };
        scaler.run(frame)?;
        let rows = Rows {
            data: scaler.target.data(0),
            width: to.0 as usize,
            height: to.1 as usize,
            stride: scaler.target.stride(0),
        };
        let pixels = orient::apply(rows, orientation)
            .ok_or_else(|| internal("a converted frame of another size"))?;
        Ok(Picture {
            width,
            height,
            pixels,
        })
    }
}

/// The YUV matrix (as `sws_getCoefficients` names it) and whether black is zero.
/// Read as plain numbers: a container may hold values outside the library's enums.
#[expect(
    unsafe_code,
    reason = "the enums are read as the integers they are in C"
)]
fn colours(frame: &Video) -> (c_int, bool) {
    // SAFETY: both fields are C enums of the size of an int in a live frame.
    let (space, range) = unsafe {
        let raw = frame.as_ptr();
        (
            (&raw const (*raw).colorspace).cast::<c_int>().read(),
            (&raw const (*raw).color_range).cast::<c_int>().read(),
        )
    };
    let matrix = match space {
        1 => ffi::SWS_CS_ITU709,
        4 => ffi::SWS_CS_FCC,
        7 => ffi::SWS_CS_SMPTE240M,
        9 | 10 => ffi::SWS_CS_BT2020,
        _ => ffi::SWS_CS_ITU601,
    };
    let full = range == ffi::AVColorRange::AVCOL_RANGE_JPEG as c_int;
    (matrix, full)
}

impl Scaler {
    #[expect(unsafe_code, reason = "the safe wrapper cannot set the colour matrix")]
    fn new(key: Key) -> Result<Self, Failure> {
        let side = |n: u32| c_int::try_from(n).unwrap_or(0);
        // SAFETY: plain values; the result is checked and freed by `drop`.
        let context = unsafe {
            ffi::sws_getContext(
                side(key.from.0),
                side(key.from.1),
                key.format.into(),
                side(key.to.0),
                side(key.to.1),
                Pixel::RGB24.into(),
                ffi::SWS_BILINEAR as c_int,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null(),
            )
        };
        if context.is_null() {
            return Err(internal("this pixel format cannot be converted"));
        }
        // SAFETY: the context is valid; the tables are static.
        unsafe {
            let to = ffi::sws_getCoefficients(ffi::SWS_CS_DEFAULT as c_int);
            ffi::sws_setColorspaceDetails(
                context,
                ffi::sws_getCoefficients(key.matrix),
                c_int::from(key.full_range),
                to,
                1,
                0,
                1 << 16,
                1 << 16,
            );
        }
        let padded = key.to.0.next_multiple_of(16) + 32;
        Ok(Self {
            context,
            key,
            target: Video::new(Pixel::RGB24, padded, key.to.1),
        })
    }

    #[expect(
        unsafe_code,
        reason = "writes into a frame that is wider than the picture"
    )]
    fn run(&mut self, frame: &Video) -> Result<(), Failure> {
        // SAFETY: the source has the size and format of the key, the target's rows are
        // longer and as many as the context writes.
        let rows = unsafe {
            let (from, to) = (frame.as_ptr(), self.target.as_mut_ptr());
            if (*to).data[0].is_null() {
                return Err(crate::no_memory());
            }
            ffi::sws_scale(
                self.context,
                (*from).data.as_ptr().cast(),
                (*from).linesize.as_ptr(),
                0,
                c_int::try_from(self.key.from.1).unwrap_or(0),
                (*to).data.as_ptr(),
                (*to).linesize.as_ptr(),
            )
        };
        if u32::try_from(rows) == Ok(self.key.to.1) {
            Ok(())
        } else {
            Err(internal("a frame was not converted"))
        }
    }
}

impl Drop for Scaler {
    #[expect(unsafe_code, reason = "frees what `new` made")]
    fn drop(&mut self) {
        // SAFETY: made by `sws_getContext` and freed once.
        unsafe { ffi::sws_freeContext(self.context) }
    }
}
