//! A frame made so small that nobody is known by it: enough to see how a picture moves.

use std::time::Duration;

use idproof_ports::RgbImage;

/// Cells in each direction.
pub(crate) const CELLS: usize = 16;
/// Pixels sampled in each direction of a cell.
const SAMPLES: usize = 4;

/// The mean luma of every cell of a frame, rows of cells from the top left.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Glimpse {
    /// Seconds after the first frame.
    pub at: f64,
    pub cells: Vec<f32>,
}

impl Glimpse {
    pub fn of(at: Duration, image: &RgbImage) -> Self {
        let (w, h) = (image.width() as usize, image.height() as usize);
        let side = CELLS * SAMPLES;
        let mut cells = vec![0.0; CELLS * CELLS];
        for row in 0..side {
            let y = ((row * h + h / 2) / side).min(h - 1);
            for column in 0..side {
                let x = ((column * w + w / 2) / side).min(w - 1);
                let i = (y * w + x) * 3;
                let [r, g, b] = [0, 1, 2].map(|c| f32::from(image.data()[i + c]));
                cells[row / SAMPLES * CELLS + column / SAMPLES] +=
                    0.299 * r + 0.587 * g + 0.114 * b;
            }
        }
        for cell in &mut cells {
            *cell /= (SAMPLES * SAMPLES) as f32;
        }
        Self {
            at: at.as_secs_f64(),
            cells,
        }
    }
}

/// The cells every `step` seconds from the first frame to the last, on the straight line between
/// the frames before and after. No more than `most` points.
pub(crate) fn on_grid(glimpses: &[Glimpse], step: f64, most: usize) -> Vec<Vec<f32>> {
    let (Some(first), Some(last)) = (glimpses.first(), glimpses.last()) else {
        return Vec::new();
    };
    let points = ((last.at - first.at) / step).max(0.0) as usize + 1;
    let mut next = 1;
    (0..points.min(most))
        .map(|n| {
            let at = first.at + n as f64 * step;
            while next + 1 < glimpses.len() && glimpses[next].at < at {
                next += 1;
            }
            let before = &glimpses[next - 1];
            let Some(after) = glimpses.get(next) else {
                return before.cells.clone();
            };
            let gap = after.at - before.at;
            let part = if gap > 0.0 {
                ((at - before.at) / gap).clamp(0.0, 1.0) as f32
            } else {
                1.0
            };
            let cells = before.cells.iter().zip(&after.cells);
            cells.map(|(a, b)| a + part * (b - a)).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_means_of_their_places() {
        let data = (0..64 * 64)
            .flat_map(|i| [if i % 64 < 32 { 40 } else { 200 }; 3])
            .collect();
        let image = RgbImage::from_raw(64, 64, data).unwrap();
        let glimpse = Glimpse::of(Duration::from_millis(500), &image);
        assert_eq!(glimpse.at, 0.5);
        assert!((glimpse.cells[0] - 40.0).abs() < 0.1);
        assert!((glimpse.cells[CELLS * CELLS - 1] - 200.0).abs() < 0.1);
    }

    #[test]
    fn between_frames_lies_the_line_from_one_to_the_next() {
        let frame = |at: f64, level: f32| Glimpse {
            at,
            cells: vec![level; 2],
        };
        let frames = [frame(0.0, 0.0), frame(0.1, 10.0), frame(0.4, 40.0)];
        let grid = on_grid(&frames, 0.05, 100);
        let levels: Vec<f32> = grid.iter().map(|c| c[0].round()).collect();
        assert_eq!(levels, [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0]);
        assert_eq!(on_grid(&frames, 0.05, 3).len(), 3);
        assert!(on_grid(&[], 0.05, 3).is_empty());
        assert_eq!(on_grid(&frames[..1], 0.05, 3).len(), 1);
        // Times that stand or run backwards divide by nothing.
        let odd = [frame(1.0, 1.0), frame(1.0, 2.0), frame(0.5, 3.0)];
        assert!(on_grid(&odd, 0.05, 3)[0][0].is_finite());
    }
}
