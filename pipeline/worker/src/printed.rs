//! Printed lines as the domain wants them: boxes in the direction of the text.

use idproof_domain::document::print::Line;
use idproof_ports::TextLine;

/// Lines in the frame of the longest of them, top to bottom, each with its place in `found`.
pub(crate) fn lines(found: &[TextLine]) -> Vec<(Line, usize)> {
    let length = |l: &TextLine| l.corners[0].distance(l.corners[1]);
    let Some(main) = found.iter().max_by(|a, b| length(a).total_cmp(&length(b))) else {
        return Vec::new();
    };
    let [a, b, ..] = main.corners;
    let long = length(main).max(1e-3);
    let (ux, uy) = ((b.x - a.x) / long, (b.y - a.y) / long);
    let framed = |(i, l)| (in_frame(l, (ux, uy)), i);
    let mut lines: Vec<(Line, usize)> = found.iter().enumerate().map(framed).collect();
    lines.sort_by(|a, b| a.0.top.total_cmp(&b.0.top));
    lines
}

fn in_frame(line: &TextLine, (ux, uy): (f32, f32)) -> Line {
    let along = line.corners.map(|p| p.x * ux + p.y * uy);
    let across = line.corners.map(|p| p.y * ux - p.x * uy);
    let least = |v: [f32; 4]| v.into_iter().fold(f32::INFINITY, f32::min);
    let most = |v: [f32; 4]| v.into_iter().fold(f32::NEG_INFINITY, f32::max);
    Line {
        text: line.text.clone(),
        left: least(along),
        top: least(across),
        right: most(along),
        bottom: most(across),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_ports::Point;

    #[test]
    fn turned_text_is_set_upright() {
        // Two lines of a page turned by a quarter, clockwise.
        let line = |text: &str, x: f32| TextLine {
            corners: [(x, 0.0), (x, 100.0), (x - 20.0, 100.0), (x - 20.0, 0.0)]
                .map(|(x, y)| Point::new(x, y)),
            text: text.into(),
            confidence: 1.0,
        };
        let found = lines(&[line("below", 100.0), line("above", 200.0)]);
        let order: Vec<_> = found.iter().map(|(l, i)| (l.text.as_str(), *i)).collect();
        assert_eq!(order, [("above", 1), ("below", 0)]);
        assert!((found[1].0.top - found[0].0.bottom - 80.0).abs() < 1e-3);
        assert!(found.iter().all(|(l, _)| l.left.abs() < 1e-3));
        assert!(lines(&[]).is_empty());
    }
}
