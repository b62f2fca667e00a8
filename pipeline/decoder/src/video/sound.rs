//! Decoded sound to 16 kHz mono.

use std::ffi::c_int;
use std::ptr;

use ffmpeg_next::ffi;
use ffmpeg_next::frame::Audio;
use idproof_protocol::{Failure, SAMPLE_RATE};

use super::internal;

/// Silence is filled in where the sound's own times leave a gap of at least this, microseconds.
const GAP_US: i64 = 40_000;

/// Resamples and mixes down; fills gaps so that a sample's count tells its time.
#[derive(Default)]
pub(super) struct Resampler {
    inner: Option<Inner>,
    /// Samples handed out so far.
    delivered: i64,
    /// Presentation time of the first sample, container microseconds.
    start_us: Option<i64>,
    buffer: Vec<f32>,
}

struct Inner {
    context: *mut ffi::SwrContext,
    key: Key,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    format: c_int,
    rate: c_int,
    channels: c_int,
    mask: u64,
}

impl Resampler {
    pub fn start_us(&self) -> Option<i64> {
        self.start_us
    }

    /// Length of what was handed out, microseconds.
    pub fn delivered_us(&self) -> i64 {
        self.delivered.saturating_mul(1_000_000) / i64::from(SAMPLE_RATE)
    }

    /// One decoded frame at its presentation time, to samples in -1..=1.
    /// `most_us` bounds the sound in all; more is cut.
    #[expect(unsafe_code, reason = "reads a frame's planes for the resampler")]
    pub fn push(
        &mut self,
        frame: &Audio,
        at_us: Option<i64>,
        most_us: i64,
    ) -> Result<&[f32], Failure> {
        // SAFETY: a live frame, only read.
        let (key, samples) = unsafe {
            let raw = frame.as_ptr();
            let layout = &(*raw).ch_layout;
            let native = layout.order == ffi::AVChannelOrder::AV_CHANNEL_ORDER_NATIVE;
            let key = Key {
                format: (*raw).format,
                rate: (*raw).sample_rate,
                channels: layout.nb_channels,
                mask: if native { layout.u.mask } else { 0 },
            };
            (key, (*raw).nb_samples)
        };
        if samples <= 0 || key.rate <= 0 || !(1..=8).contains(&key.channels) {
            self.buffer.clear();
            return Ok(&self.buffer);
        }
        self.buffer.clear();
        if self.inner.as_ref().is_none_or(|inner| inner.key != key) {
            self.drain()?;
            self.inner = Some(Inner::new(frame, key)?);
        }
        let at_us = at_us.or(self.start_us).unwrap_or(0);
        let start = *self.start_us.get_or_insert(at_us);
        self.fill_gap(at_us.saturating_sub(start).min(most_us))?;
        // SAFETY: the frame holds `samples` samples in every plane of its layout.
        unsafe {
            let planes = (*frame.as_ptr()).extended_data.cast::<*const u8>();
            self.convert(planes, samples)?;
        }
        self.hand_out(most_us)
    }

    /// What the resampler still holds at the end.
    pub fn finish(&mut self, most_us: i64) -> Result<&[f32], Failure> {
        self.buffer.clear();
        self.drain()?;
        self.hand_out(most_us)
    }

    fn hand_out(&mut self, most_us: i64) -> Result<&[f32], Failure> {
        let most = most_us.saturating_mul(i64::from(SAMPLE_RATE)) / 1_000_000;
        let room = usize::try_from(most.saturating_sub(self.delivered)).unwrap_or(0);
        self.buffer.truncate(room);
        self.delivered += i64::try_from(self.buffer.len()).unwrap_or(0);
        for sample in &mut self.buffer {
            *sample = if sample.is_finite() {
                sample.clamp(-1.0, 1.0)
            } else {
                0.0
            };
        }
        Ok(&self.buffer)
    }

    /// `since_us` is where the next input sample belongs, relative to the first.
    #[expect(unsafe_code, reason = "asks and feeds the resampler")]
    fn fill_gap(&mut self, since_us: i64) -> Result<(), Failure> {
        let Some(inner) = &self.inner else {
            return Ok(());
        };
        let rate = i64::from(SAMPLE_RATE);
        let buffered = i64::try_from(self.buffer.len()).unwrap_or(0);
        // SAFETY: the context is initialised.
        let delay = unsafe { ffi::swr_get_delay(inner.context, rate) };
        let have_us = (self.delivered + buffered + delay).saturating_mul(1_000_000) / rate;
        let gap_us = since_us.saturating_sub(have_us);
        if gap_us < GAP_US {
            return Ok(());
        }
        let missing = gap_us.saturating_mul(i64::from(inner.key.rate)) / 1_000_000;
        let missing = c_int::try_from(missing).map_err(|_| internal("a gap too long"))?;
        // SAFETY: the context is initialised; the count is positive.
        if unsafe { ffi::swr_inject_silence(inner.context, missing) } < 0 {
            return Err(crate::no_memory());
        }
        Ok(())
    }

    #[expect(unsafe_code, reason = "drains the resampler")]
    fn drain(&mut self) -> Result<(), Failure> {
        if self.inner.is_none() {
            return Ok(());
        }
        // SAFETY: no input planes are read where none are given.
        unsafe { self.convert(ptr::null(), 0) }
    }

    /// Appends to the buffer.
    ///
    /// # Safety
    /// `planes` is null, or each plane of the resampler's input layout holds `samples` samples.
    #[expect(unsafe_code, reason = "calls the resampler")]
    unsafe fn convert(&mut self, planes: *const *const u8, samples: c_int) -> Result<(), Failure> {
        let Some(inner) = &self.inner else {
            return Ok(());
        };
        // SAFETY: the context is initialised; the output has room for `room` samples.
        unsafe {
            let room = ffi::swr_get_out_samples(inner.context, samples).max(0);
            let from = self.buffer.len();
            let length = from + usize::try_from(room).unwrap_or(0);
            self.buffer.resize(length, 0.0);
            let mut out = self.buffer.as_mut_ptr().add(from).cast::<u8>();
            let got = ffi::swr_convert(
                inner.context,
                &raw mut out,
                room,
                planes.cast_mut(),
                samples,
            );
            let got = usize::try_from(got).map_err(|_| internal("sound was not converted"))?;
            self.buffer.truncate(from + got);
        }
        Ok(())
    }
}

impl Inner {
    #[expect(
        unsafe_code,
        reason = "the safe wrapper cannot keep the mix from clipping"
    )]
    fn new(frame: &Audio, key: Key) -> Result<Self, Failure> {
        // SAFETY: layouts are plain values initialised here or owned by a live frame; the
        // context is owned by `Inner` as soon as it exists.
        unsafe {
            let mut mono: ffi::AVChannelLayout = std::mem::zeroed();
            ffi::av_channel_layout_default(&raw mut mono, 1);
            let mut from: ffi::AVChannelLayout = std::mem::zeroed();
            if key.mask == 0 {
                ffi::av_channel_layout_default(&raw mut from, key.channels);
            } else {
                from = std::ptr::read(&raw const (*frame.as_ptr()).ch_layout);
            }
            let mut context = ptr::null_mut();
            let made = ffi::swr_alloc_set_opts2(
                &raw mut context,
                &raw mut mono,
                ffi::AVSampleFormat::AV_SAMPLE_FMT_FLT,
                SAMPLE_RATE as c_int,
                &raw mut from,
                frame.format().into(),
                key.rate,
                0,
                ptr::null_mut(),
            );
            let inner = Self { context, key };
            if made < 0 || context.is_null() {
                return Err(internal("this sound layout cannot be converted"));
            }
            // Two equal channels must not add up beyond full scale.
            ffi::av_opt_set_double(context.cast(), c"rematrix_maxval".as_ptr(), 1.0, 0);
            if ffi::swr_init(context) < 0 {
                return Err(internal("this sound layout cannot be converted"));
            }
            Ok(inner)
        }
    }
}

impl Drop for Inner {
    #[expect(unsafe_code, reason = "frees what `new` made")]
    fn drop(&mut self) {
        // SAFETY: made by `swr_alloc_set_opts2` and freed once; null is allowed.
        unsafe { ffi::swr_free(&raw mut self.context) }
    }
}
