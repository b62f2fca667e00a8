use idproof_ports::{Landmarks, Rect, RgbImage};

/// Samples taken across the face box in each direction.
const GRID: usize = 96;

/// How fit a frame is for comparing faces: sharpness, frontal pose and light, each 0..=1,
/// multiplied. Only the order within one recording means anything.
pub(crate) fn frame_quality(image: &RgbImage, landmarks: &Landmarks) -> f32 {
    let patch = grey_patch(image, &landmarks.bounds());
    sharpness(&patch) * frontal(landmarks) * light(&patch)
}

/// The face box sampled to `GRID` x `GRID` luma values (BT.601), 0..=255.
fn grey_patch(image: &RgbImage, bounds: &Rect) -> Vec<f32> {
    let (w, h) = (image.width() as usize, image.height() as usize);
    let at = |start: f32, span: f32, i: usize, limit: usize| {
        let v = start + span * (i as f32 + 0.5) / GRID as f32;
        (v.max(0.0) as usize).min(limit - 1)
    };
    let data = image.data();
    let mut patch = Vec::with_capacity(GRID * GRID);
    for row in 0..GRID {
        let y = at(bounds.y, bounds.height, row, h);
        for col in 0..GRID {
            let x = at(bounds.x, bounds.width, col, w);
            let i = (y * w + x) * 3;
            patch.push(
                0.299 * f32::from(data[i])
                    + 0.587 * f32::from(data[i + 1])
                    + 0.114 * f32::from(data[i + 2]),
            );
        }
    }
    patch
}

/// Mean absolute Laplacian, saturating.
fn sharpness(patch: &[f32]) -> f32 {
    let mut sum = 0.0;
    for row in 1..GRID - 1 {
        for col in 1..GRID - 1 {
            let i = row * GRID + col;
            let around = patch[i - 1] + patch[i + 1] + patch[i - GRID] + patch[i + GRID];
            sum += (4.0 * patch[i] - around).abs();
        }
    }
    let mean = sum / ((GRID - 2) * (GRID - 2)) as f32;
    mean / (mean + 8.0)
}

/// 1 when the nose tip lies midway between the eyes, 0 in profile.
fn frontal(landmarks: &Landmarks) -> f32 {
    let [left, right, nose, ..] = landmarks.five();
    let (a, b) = (nose.distance(left), nose.distance(right));
    1.0 - ((a - b).abs() / (a + b).max(1e-6)).min(1.0)
}

/// Falls off where the face is nearly black or nearly white.
fn light(patch: &[f32]) -> f32 {
    let mean = patch.iter().sum::<f32>() / patch.len() as f32;
    (1.0 - ((mean - 128.0) / 128.0).powi(4)).clamp(0.05, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_ports::Point;

    fn face(nose_x: f32) -> Landmarks {
        let mut points = [Point::new(50.0, 50.0); 68];
        points[0] = Point::new(0.0, 0.0);
        points[16] = Point::new(100.0, 100.0);
        (36..42).for_each(|i| points[i] = Point::new(30.0, 40.0));
        (42..48).for_each(|i| points[i] = Point::new(70.0, 40.0));
        points[30] = Point::new(nose_x, 60.0);
        Landmarks { points }
    }

    fn image(f: impl Fn(usize, usize) -> u8) -> RgbImage {
        let data = (0..100 * 100)
            .flat_map(|i| [f(i % 100, i / 100); 3])
            .collect();
        RgbImage::from_raw(100, 100, data).unwrap()
    }

    #[test]
    fn a_sharp_frontal_face_beats_a_blurred_or_turned_one() {
        let sharp = image(|x, y| if (x / 8 + y / 8) % 2 == 0 { 90 } else { 170 });
        let smooth = image(|x, _| 100 + (x / 4) as u8);
        let best = frame_quality(&sharp, &face(50.0));
        assert!(best > frame_quality(&smooth, &face(50.0)));
        assert!(best > frame_quality(&sharp, &face(68.0)));
    }

    #[test]
    fn landmarks_outside_the_image_do_not_panic() {
        let mut far = face(50.0);
        far.points[0] = Point::new(-1e9, -1e9);
        far.points[16] = Point::new(1e9, f32::NAN);
        let _ = frame_quality(&image(|_, _| 0), &far);
    }
}
